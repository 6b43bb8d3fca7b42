#include "core/run/uuid.hpp"
#include "localbus/object_builder.hpp"
#include "tests/directory/bus.hpp"
#include "tests/support/free_port.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <set>

// A directory that is killed with -9 while a whole bus works, and started again.
namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using localbus::Endpoint;
using std::chrono::steady_clock;
using test::Loop;

// A directory in a process of its own.
class DirectoryProcess {
 public:
  DirectoryProcess(const Endpoint& endpoint, const std::filesystem::path& state) {
    int ready[2];
    if (::pipe(ready) != 0 || (process_ = ::fork()) < 0) throw std::runtime_error("no process");
    if (process_ == 0) serve(endpoint, state, ready[1]);
    ::close(ready[1]);
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) throw std::runtime_error("the directory does not start");
    ::close(ready[0]);
  }
  ~DirectoryProcess() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  DirectoryProcess(const DirectoryProcess&) = delete;
  DirectoryProcess& operator=(const DirectoryProcess&) = delete;

 private:
  [[noreturn]] static void serve(const Endpoint& endpoint, const std::filesystem::path& state, int ready) {
    // What the parent has open would keep its connections alive.
    for (int descriptor = 3; descriptor < 1024; ++descriptor)
      if (descriptor != ready) ::close(descriptor);
    boost::asio::io_context io(1);
    ServiceDirectory directory(io, test::machineId, run::silentLog(), {}, qi::ownCapabilities(),
                               ServiceIds::open(state).value());
    if (!directory.start(endpoint) || ::write(ready, "r", 1) != 1) ::_exit(1);
    io.run();
    ::_exit(0);
  }
  pid_t process_ = -1;
};

// Services that count what they ran, those who call them, and one who comes and goes.
class RestartTest : public testing::Test {
 protected:
  static constexpr int programs = 5, servicesEach = 10, clients = 4;

  RestartTest() { start(); }
  ~RestartTest() override {
    isOver = true;
    loop.runUntil([&] { return running == 0; });
    watches.clear();
    for (const auto& session : all) session->close();
    process.reset();
    std::filesystem::remove(state);
    loop.poll();
  }

  void start() { process.emplace(endpoint, state); }
  std::shared_ptr<Session> session(Session::Options options = {test::machineId}) {
    return all.emplace_back(
        loop.await(Session::connect(loop.io, endpoint, std::move(options), run::silentLog())).value());
  }
  static std::string nameOf(int program, int service) {
    return "P" + std::to_string(program) + "S" + std::to_string(service);
  }
  std::shared_ptr<localbus::Object> makeObject() {
    localbus::ObjectBuilder builder;
    ticks.push_back(builder.signal<std::int32_t>("tick"));
    builder.method("run", [this](std::int32_t number) {
      ++ran[number];
      return number;
    });
    builder.method("hang", [this](localbus::Reply<std::int32_t> reply, std::int32_t number) {
      ++ran[number];
      hanging.push_back(std::move(reply));
    });
    return builder.build();
  }
  void makeBus() {
    for (int program = 0; program < programs; ++program) {
      // The last can be reached through the directory only.
      const bool isFar = program == programs - 1;
      const auto provider = session(isFar ? Session::Options{.machineId = "another", .unixSockets = false}
                                          : Session::Options{test::machineId});
      providers.push_back(provider);
      for (int service = 0; service < servicesEach; ++service)
        loop.await(provider->registerService(nameOf(program, service), makeObject())).value();
    }
    for (int client = 0; client < clients; ++client) {
      const auto caller = session();
      for (int program = 0; program < programs; ++program) {
        const auto watch =
            loop.await(caller->watch(nameOf(program, client), "tick", {[this](const qi::Value&) { ++heard; }, {}}));
        watches.push_back(watch.value());
      }
      for (int i = 0; i < 3; ++i) spawn(call(caller, client * 7 + i));
      spawn(list(caller));
    }
    spawn(comeAndGo(session()));
  }
  void spawn(awaitable<void> work) {
    ++running;
    boost::asio::co_spawn(loop.io, std::move(work), [this](std::exception_ptr broken) {
      --running;
      if (broken) std::rethrow_exception(broken);
    });
  }
  awaitable<void> pause() {
    localbus::Timer timer(loop.io.get_executor(), 5ms);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  awaitable<void> call(std::shared_ptr<Session> by, int first) {
    for (int i = first; !isOver; ++i) {
      const auto object = co_await by->service(nameOf(i % programs, i % servicesEach), 2s);
      if (!object) {
        co_await pause();
        continue;
      }
      const std::int32_t number = ++asked;
      const auto done = co_await (*object)->call("run", test::tuple(number), 5s);
      if (done)
        succeeded.push_back(number);
      else
        ++failed;
    }
  }
  // Under way through the directory until that dies.
  awaitable<void> hang(std::shared_ptr<Session> by, std::int32_t number) {
    const auto object = co_await by->service(nameOf(programs - 1, 0));
    const auto done = co_await object.value()->call("hang", test::tuple(number), 60s);
    if (!done) ++failed;
  }
  awaitable<void> list(std::shared_ptr<Session> by) {
    while (!isOver) {
      co_await by->services();
      co_await pause();
    }
  }
  awaitable<void> comeAndGo(std::shared_ptr<Session> by) {
    const auto object = makeObject();
    while (!isOver) {
      const auto id = co_await by->registerService("Restless", object);
      if (!id) {
        co_await pause();
        continue;
      }
      EXPECT_TRUE(given.insert(*id).second) << *id << " was given twice";
      co_await by->unregisterService(*id);
    }
  }
  // Every service has a number that no service had before.
  bool areAllRegistered() {
    for (int program = 0; program < programs; ++program)
      for (int service = 0; service < servicesEach; ++service) {
        const auto id = providers[program]->id(nameOf(program, service));
        if (!id || given.contains(*id)) return false;
      }
    return true;
  }
  void noteNumbers() {
    for (int program = 0; program < programs; ++program)
      for (int service = 0; service < servicesEach; ++service) {
        const auto id = providers[program]->id(nameOf(program, service)).value();
        EXPECT_TRUE(given.insert(id).second) << id << " was given twice";
      }
  }
  bool areAllWatching() {
    return std::ranges::all_of(watches, [](const auto& watch) { return watch->isThere(); });
  }

  const std::filesystem::path state = std::filesystem::temp_directory_path() / ("beckon-ids-" + run::makeUuid());
  const Endpoint endpoint{"127.0.0.1", test::freePort()};
  std::optional<DirectoryProcess> process;
  Loop loop;
  std::vector<std::shared_ptr<Session>> all, providers;
  std::vector<std::shared_ptr<Watch>> watches;
  std::vector<localbus::SignalHandle<std::int32_t>> ticks;
  std::map<std::int32_t, int> ran;
  std::vector<localbus::Reply<std::int32_t>> hanging;
  std::vector<std::int32_t> succeeded;
  std::set<std::uint32_t> given;
  std::int32_t asked = 0;
  int failed = 0, heard = 0, running = 0;
  bool isOver = false;
};

TEST_F(RestartTest, ofAKilledDirectoryUnderLoadBringsAllBackWithinThreeSecondsAndNothingTwice) {
  makeBus();
  noteNumbers();
  for (int kill = 0; kill < 3; ++kill) {
    const auto callsBefore = succeeded.size();
    ASSERT_TRUE(loop.runUntil([&] { return succeeded.size() > callsBefore + 200; }));
    const std::int32_t number = ++asked;
    spawn(hang(all.back(), number));
    ASSERT_TRUE(loop.runUntil([&] { return ran[number] == 1; }));
    process.reset();
    ASSERT_TRUE(loop.runUntil([&] { return std::ranges::none_of(all, [](auto& one) { return one->isOpen(); }); }));
    const auto begun = steady_clock::now();
    start();
    ASSERT_TRUE(loop.runUntil([&] { return areAllRegistered() && areAllWatching(); }));
    const auto took = steady_clock::now() - begun;
    EXPECT_LT(took, 3s);
    noteNumbers();
    std::cout << "all back after " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
    // Each watch hears exactly one event of its service.
    heard = 0;
    for (const auto& tick : ticks) tick(kill);
    EXPECT_TRUE(loop.runUntil([&] { return heard >= static_cast<int>(watches.size()); })) << heard;
    loop.runUntil([] { return false; }, 50ms);
    EXPECT_EQ(heard, static_cast<int>(watches.size()));
  }
  isOver = true;
  ASSERT_TRUE(loop.runUntil([&] { return running == 0; }));
  for (const auto& [number, times] : ran) EXPECT_EQ(times, 1) << number;
  for (const auto number : succeeded) EXPECT_EQ(ran[number], 1) << number;
  EXPECT_GE(failed, 3);
}

}  // namespace
}  // namespace beckon::directory
