#include "core/run/machine_id.hpp"
#include "tests/directory/bus.hpp"
#include "tests/interop/recorded_answers.hpp"
#include "tests/interop/recorded_client.hpp"
#include "tests/interop/vec.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>

// An unchanged libqi program on our directory: one that runs, where LIBQI_PEER named a libqi when this was built,
// otherwise a recorded one. docs/interop.md says what is shown.
namespace beckon::test {
namespace {

using namespace std::chrono_literals;
using directory::ServiceDirectory;
using directory::Session;
using localbus::RemoteObject;
using run::Result;
using testing::ElementsAre;

#ifdef BECKON_LIBQI_PROGRAM
constexpr bool isRecorded = false;
const std::string libqiProgram = BECKON_LIBQI_PROGRAM;
const std::string who = "libqi " BECKON_LIBQI_VERSION " from LIBQI_PEER";
#else
constexpr bool isRecorded = true;
const std::string libqiProgram;
const std::string who = "recorded libqi client";
#endif

// Our directory and one session of ours on it.
class Interop : public testing::Test {
 protected:
  Interop() {
    std::cout << "[   PEER   ] " << who << std::endl;
    RecordProperty("peer", who);
    session->onService([this](bool isThere, std::uint32_t id, const std::string& name) {
      events.push_back((isThere ? "+" : "-") + name + " " + std::to_string(id));
    });
  }
  ~Interop() override { session->close(); }

  // libqi keeps the machine's id in the same file.
  std::vector<std::string> command(const std::string& mode) const {
    return {"env", "HOME=" + home.path().string(), "QI_LOG_LEVEL=2", libqiProgram, mode, endpoint.url()};
  }
  std::string logText() const {
    std::ifstream stream(log);
    return (std::ostringstream() << stream.rdbuf()).str();
  }
  // Starts the program that provides "LibqiService".
  std::unique_ptr<ChildProcess> startProvider() {
    auto program = std::make_unique<ChildProcess>(command("provide"), log);
    EXPECT_TRUE(loop.runUntil([&] { return !events.empty(); })) << logText();
    EXPECT_THAT(events, ElementsAre("+LibqiService 2"));
    events.clear();
    return program;
  }
  // Runs the program in that mode to its end.
  void runProgram(const std::string& mode) {
    ChildProcess program(command(mode), log);
    ASSERT_TRUE(loop.runUntil([&] { return !program.running(); }, 30s)) << logText();
    const auto text = logText();
    EXPECT_NE(text.find("PASSED"), std::string::npos) << text;
    EXPECT_EQ(text.find("FAIL"), std::string::npos) << text;
  }
  void expectEvents(const std::vector<std::string>& expected, Loop::Duration limit = 5s) {
    loop.runUntil([&] { return events.size() >= expected.size(); }, limit);
    EXPECT_EQ(events, expected);
  }
  Result<qi::Value> call(RemoteObject& object, const std::string& method, const qi::Value& arguments) {
    return loop.await(object.call(method, arguments, 5s));
  }
  // What both kinds of program offer: add, hello, fail, fire, tick and level.
  void expectServed(RemoteObject& object, const std::string& name) {
    EXPECT_EQ(qi::fromValue<int>(call(object, "add", tuple(2, 40)).value()).value(), 42);
    EXPECT_EQ(qi::fromValue<std::string>(call(object, "hello", tuple(name)).value()).value(), "hello " + name);
    EXPECT_EQ(loop.await(object.method<int(int, int)>("add").value()(2, 40)).value(), 42);
  }

  TemporaryFolder home;
  const std::string machine = isRecorded ? machineId : run::machineId(home.path()).value();
  const std::filesystem::path log = home.path() / "log";
  Loop loop;
  ServiceDirectory directory{loop.io, machine, run::silentLog()};
  const localbus::Endpoint endpoint = directory.start({"127.0.0.1", 0}).value();
  std::shared_ptr<Session> session =
      loop.await(Session::connect(loop.io, endpoint, {machine}, run::silentLog())).value();
  std::vector<std::string> events;
};

// Everything that the recording of calls has an answer to, and that a caller can get wrong.
boost::asio::awaitable<void> callRecordedVec(Session& session, bool& done) {
  const auto object = (co_await session.service("Vec")).value();
  const auto sum = co_await object->call("add", tuple(2, 40));
  EXPECT_EQ(qi::fromValue<int>(sum.value()).value(), 42);
  const auto typedSum = co_await object->method<int(int, int)>("add").value()(2, 40);
  EXPECT_EQ(typedSum.value(), 42);
  const auto text = co_await object->call("hello", tuple(std::string("world")));
  EXPECT_EQ(qi::fromValue<std::string>(text.value()).value(), "hello world");
  const std::vector<std::int32_t> numbers{1, 2, 3};
  const auto list = co_await object->call("elist", tuple(numbers));
  EXPECT_EQ(qi::fromValue<std::vector<std::int32_t>>(list.value()).value(), numbers);
  const Point sent{1, 2.5, "p"};  // gcc 12 copies a braced temporary of a co_await bit by bit
  const auto point = co_await object->method<Point(Point)>("estruct").value()(sent);
  EXPECT_EQ(point.value().label, "p");
  const auto unknown = co_await object->call("sing", tuple());
  EXPECT_EQ(unknown.error().code, run::Code::unknownMember);
  EXPECT_TRUE(object->metaObject().findSignal("tick"));
  done = true;
}

TEST_F(Interop, weCallAServiceThatLibqiRegistered) {
  if (isRecorded) {
    // The program is registered for it, with a port of today.
    RecordedAnswers calls(loop, "09_calls.json", 3);
    RawPeer program(loop, endpoint);
    program.authenticate();
    const auto info = test::info("Vec", calls.endpoint().url());
    const auto id = program.ask(Bus::member(member::registerService), qi::encode(info)).as<std::uint32_t>();
    program.ask(Bus::member(member::serviceReady), qi::encode(id));
    EXPECT_EQ(id, 2u);
    bool done = false;
    boost::asio::co_spawn(loop.io, callRecordedVec(*session, done), [](std::exception_ptr problem) {
      if (problem) std::rethrow_exception(problem);
    });
    calls.serve([&] { return done; });
    EXPECT_TRUE(done);
    return;
  }
  const auto program = startProvider();
  const auto object = loop.await(session->service("LibqiService")).value();
  expectServed(*object, "Beckon");
  EXPECT_EQ(call(*object, "fail", tuple()).error().cause, "LibqiService answered: deliberate failure");
  std::vector<std::string> heard;
  const auto subscription =
      loop.await(object->subscribe("tick",
                                   [&](const qi::Value& event) {
                                     const auto [number, text] =
                                         qi::fromValue<std::tuple<int, std::string>>(event).value();
                                     heard.push_back(std::to_string(number) + text);
                                   }))
          .value();
  EXPECT_TRUE(call(*object, "fire", tuple(2)));
  EXPECT_TRUE(loop.runUntil([&] { return heard.size() == 2; }));
  // libqi sends each event from whichever thread of its pool is free: in whatever order.
  EXPECT_THAT(heard, testing::UnorderedElementsAre("0tick", "1tick"));
  EXPECT_TRUE(loop.await(object->setProperty("level", 17)));
  EXPECT_EQ(qi::fromValue<int>(loop.await(object->property("level")).value()).value(), 17);
}

TEST_F(Interop, libqiCallsOurServiceHearsItsSignalAndSetsItsProperty) {
  EXPECT_EQ(loop.await(session->registerService("Vec", makeVec())).value(), 2u);
  if (!isRecorded) return runProgram("use");
  const auto services = loop.await(session->services()).value();
  const auto vec = localbus::Endpoint::parse(services.at(1).endpoints.at(0)).value();
  for (const char* file : {"09_calls.json", "12_property.json", "13_signal.json"})
    replayClient(loop, file, {{2, endpoint}, {3, vec}});
  replayClient(loop, "08_unknown_service.json", {{2, endpoint}});
}

TEST_F(Interop, libqiRegistersAndUnregisters) {
  if (isRecorded)
    replayClient(loop, "06_register_unregister.json", {{1, endpoint}, {2, endpoint}});
  else
    runProgram("visit");
  expectEvents(isRecorded ? std::vector<std::string>{"+Vec 2", "-Vec 2"}
                          : std::vector<std::string>{"+Visitor 2", "-Visitor 2"});
}

TEST_F(Interop, aLibqiProgramThatIsKilledIsGoneWithinASecond) {
  if (isRecorded) {
    replayClient(loop, "16_service_process_dies.json", {{1, endpoint}, {2, endpoint}});
    return expectEvents({"+Vec 2", "-Vec 2"}, 1s);
  }
  const auto program = startProvider();
  program->kill();
  expectEvents({"-LibqiService 2"}, 1s);
}

}  // namespace
}  // namespace beckon::test
