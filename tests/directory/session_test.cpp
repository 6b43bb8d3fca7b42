#include "directory/session.hpp"

#include "tests/directory/bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using localbus::Endpoint;
using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;
using test::Bus;
using test::Loop;
using test::RawPeer;
using test::RawServer;
using test::Sample;
using test::tuple;
using testing::ElementsAre;
using testing::HasSubstr;

// What a session was told of services.
struct HeardServices {
  explicit HeardServices(Session& session) {
    session.onService([this](bool isThere, std::uint32_t id, const std::string& name) {
      events.push_back((isThere ? "+" : "-") + name + " " + std::to_string(id));
    });
  }
  std::vector<std::string> events;
};

class SessionTest : public testing::Test {
 protected:
  ~SessionTest() override {
    provider->close();
    client->close();
  }
  Result<std::shared_ptr<RemoteObject>> find(const std::string& name) { return bus.loop.await(client->service(name)); }
  std::uint32_t provide(const std::string& name) {
    return bus.loop.await(provider->registerService(name, sample.object)).value();
  }
  Result<qi::Value> call(const std::shared_ptr<RemoteObject>& object, const std::string& method,
                         const qi::Value& arguments) {
    return bus.loop.await(object->call(method, arguments, 5s));
  }
  // Registers by hand what a session would not.
  std::uint32_t registerByHand(RawPeer& peer, const ServiceInfo& info) {
    const auto id = peer.ask(Bus::member(test::member::registerService), qi::encode(info)).as<std::uint32_t>();
    peer.ask(Bus::member(test::member::serviceReady), qi::encode(id));
    return id;
  }

  Bus bus;
  Sample sample;
  std::shared_ptr<Session> provider = bus.session();
  std::shared_ptr<Session> client = bus.session();
};

TEST_F(SessionTest, findsAndCallsWhatAnotherRegistered) {
  EXPECT_EQ(provide("Sample"), 2u);
  const auto object = find("Sample").value();
  EXPECT_EQ(object->service(), 2u);
  EXPECT_EQ(qi::fromValue<int>(call(object, "add", tuple(2, 40)).value()).value(), 42);
}

TEST_F(SessionTest, listsServicesWithWhereTheyAre) {
  provide("One");
  provide("Two");
  const auto services = bus.loop.await(client->services()).value();
  ASSERT_EQ(services.size(), 3u);
  EXPECT_EQ(services[0].name, "ServiceDirectory");
  EXPECT_EQ(services[1].name, "One");
  EXPECT_EQ(services[2].name, "Two");
  EXPECT_EQ(services[1].machineId, test::machineId);
  EXPECT_EQ(services[1].processId, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(services[1].endpoints, services[2].endpoints);
  EXPECT_EQ(services[1].sessionId, services[2].sessionId);
  EXPECT_EQ(services[1].sessionId.size(), 36u);
  EXPECT_TRUE(Endpoint::parse(services[1].endpoints.at(0)).value().isLoopback());
}

TEST_F(SessionTest, hearsServicesComeAndGo) {
  HeardServices heard(*client);
  const auto id = provide("Sample");
  ASSERT_TRUE(bus.loop.await(provider->unregisterService(id)));
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.events.size() == 2; }));
  EXPECT_THAT(heard.events, ElementsAre("+Sample 2", "-Sample 2"));
  EXPECT_EQ(find("Sample").error().code, Code::unknownService);
}

TEST_F(SessionTest, hearsSignalsOfAnotherSessionsService) {
  provide("Sample");
  const auto object = find("Sample").value();
  std::vector<std::string> heard;
  const auto subscription =
      bus.loop
          .await(object->subscribe("ticked",
                                   [&](const qi::Value& event) {
                                     heard.push_back(
                                         std::get<1>(qi::fromValue<std::tuple<int, std::string>>(event).value()));
                                   }))
          .value();
  (*sample.ticked)(1, "a");
  (*sample.ticked)(2, "b");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.size() == 2; }));
  EXPECT_THAT(heard, ElementsAre("a", "b"));
}

TEST_F(SessionTest, refusesATakenName) {
  provide("Sample");
  const auto second = bus.loop.await(client->registerService("Sample", sample.object));
  EXPECT_EQ(second.error().code, Code::nameTaken);
  EXPECT_EQ(second.error().cause, "a service \"Sample\" is registered already");
  EXPECT_EQ(second.error().nextStep, "choose another name, or stop the program that has it");
}

TEST_F(SessionTest, mayNotEndWhatAnotherRegistered) {
  const auto id = provide("Sample");
  const auto ended = bus.loop.await(client->unregisterService(id));
  EXPECT_THAT(ended.error().cause, HasSubstr("service #2 was registered by another connection"));
  EXPECT_TRUE(find("Sample"));
}

TEST_F(SessionTest, saysThatThereIsNoSuchService) {
  const auto missing = find("ALMotion");
  EXPECT_EQ(missing.error().code, Code::unknownService);
  EXPECT_EQ(missing.error().cause, "there is no service \"ALMotion\"");
  EXPECT_EQ(missing.error().nextStep, "list what there is with the verb services");
}

TEST_F(SessionTest, sharesOneConnectionAmongTheServicesOfAProcess) {
  provide("One");
  provide("Two");
  EXPECT_EQ(find("One").value()->connection(), find("Two").value()->connection());
  EXPECT_EQ(find("One").value(), find("One").value());
}

TEST_F(SessionTest, sharesItAmongRequestsAtTheSameTimeToo) {
  provide("One");
  provide("Two");
  std::vector<std::shared_ptr<RemoteObject>> found;
  for (const char* name : {"One", "Two", "One"})
    boost::asio::co_spawn(
        bus.loop.io, client->service(name),
        [&](std::exception_ptr, Result<std::shared_ptr<RemoteObject>> object) { found.push_back(object.value()); });
  ASSERT_TRUE(bus.loop.runUntil([&] { return found.size() == 3; }));
  EXPECT_EQ(found[0]->connection(), found[1]->connection());
  EXPECT_EQ(found[0]->connection(), found[2]->connection());
  // And one listener gets the events of a service.
  int heard = 0;
  std::vector<std::shared_ptr<RemoteObject::Subscription>> kept;
  for (const auto& object : found)
    kept.push_back(bus.loop.await(object->subscribe("ticked", [&](const qi::Value&) { ++heard; })).value());
  (*sample.ticked)(1, "a");
  EXPECT_TRUE(bus.loop.runUntil([&] { return heard == 3; })) << heard;
  client.reset();  // its host is gone before the connections are
  client = bus.session();
}

TEST_F(SessionTest, findsTheDirectoryAsAServiceWithoutLosingItsEvents) {
  HeardServices heard(*client);
  int added = 0;
  {
    const auto object = find("ServiceDirectory").value();
    const auto subscription =
        bus.loop.await(object->subscribe("serviceAdded", [&](const qi::Value&) { ++added; })).value();
    EXPECT_EQ(qi::fromValue<std::string>(call(object, "machineId", tuple()).value()).value(), test::machineId);
    provide("One");
    ASSERT_TRUE(bus.loop.runUntil([&] { return added == 1 && heard.events.size() == 1; }));
  }
  provide("Two");
  EXPECT_TRUE(bus.loop.runUntil([&] { return heard.events.size() == 2; }));
}

TEST_F(SessionTest, callsAServiceOfTheDirectorysProcessOnItsConnectionToTheDirectory) {
  bus.directory.add("Inside", sample.object).value();
  const auto object = find("Inside").value();
  EXPECT_EQ(qi::fromValue<int>(call(object, "add", tuple(2, 40)).value()).value(), 42);
  EXPECT_EQ(object->connection(), find("ServiceDirectory").value()->connection());
}

TEST_F(SessionTest, takesAnotherComputersLoopbackForNobodysEndpoint) {
  auto peer = bus.peer();
  auto far = test::info("Far", bus.endpoint.url());
  far.machineId = "another";
  registerByHand(peer, far);
  EXPECT_EQ(find("Far").error().code, Code::unreachable);
}

TEST_F(SessionTest, losesItsServicesWithinASecondOfItsEnd) {
  HeardServices heard(*client);
  provide("One");
  provide("Two");
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.events.size() == 2; }));
  heard.events.clear();
  const auto begun = std::chrono::steady_clock::now();
  provider->close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.events.size() == 2; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  EXPECT_THAT(heard.events, ElementsAre("-One 2", "-Two 3"));
}

TEST_F(SessionTest, failsCallsInFlightWhenTheServiceEnds) {
  provide("Sample");
  const auto object = find("Sample").value();
  std::optional<Result<qi::Value>> result;
  boost::asio::co_spawn(bus.loop.io, object->call("later", tuple(1), 5s),
                        [&](std::exception_ptr, Result<qi::Value> value) { result.emplace(std::move(value)); });
  ASSERT_TRUE(bus.loop.runUntil([&] { return sample.waiting.size() == 1; }));
  provider->close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, Code::serviceGone);
  EXPECT_EQ(result->error().nextStep, "wait until the verb services lists it again");
}

TEST_F(SessionTest, findsAServiceAgainThatCameBack) {
  HeardServices heard(*client);
  provide("Sample");
  const auto before = find("Sample").value();
  provider->close();
  ASSERT_TRUE(bus.loop.runUntil([&] { return heard.events.size() == 2; }));
  provider = bus.session();
  provide("Sample");
  const auto after = find("Sample").value();
  EXPECT_NE(before, after);
  EXPECT_EQ(after->service(), 3u);
  EXPECT_EQ(qi::fromValue<int>(call(after, "add", tuple(1, 1)).value()).value(), 2);
}

TEST_F(SessionTest, saysThatTheDirectoryIsNotThere) {
  provide("Sample");
  std::optional<Error> lost;
  client->onLost([&](const Error& reason) { lost = reason; });
  bus.directory.stop();
  ASSERT_TRUE(bus.loop.runUntil([&] { return lost.has_value() && !provider->isOpen(); }));
  EXPECT_EQ(lost->code, Code::connectionLost);
  EXPECT_FALSE(client->isOpen());
  EXPECT_EQ(bus.loop.await(client->services()).error().code, Code::unreachable);
  EXPECT_EQ(find("Sample").error().code, Code::unreachable);
  EXPECT_EQ(bus.loop.await(provider->registerService("Other", sample.object)).error().code, Code::unreachable);
}

TEST_F(SessionTest, isNotLostByClosing) {
  int lost = 0;
  client->onLost([&](const Error&) { ++lost; });
  client->close();
  client->close();
  EXPECT_FALSE(client->isOpen());
  EXPECT_EQ(bus.loop.await(client->service("Sample")).error().code, Code::unreachable);
  EXPECT_EQ(lost, 0);
}

TEST_F(SessionTest, skipsEndpointsOfOtherSchemes) {
  provide("Sample");
  auto services = bus.loop.await(client->services()).value();
  auto info = services.at(1);
  info.name = "Exotic";
  info.endpoints.insert(info.endpoints.begin(), {"unix:///run/exotic.sock", "qi:Exotic", "tcps://127.0.0.1:1"});
  auto peer = bus.peer();
  registerByHand(peer, info);
  const auto object = find("Exotic");
  ASSERT_FALSE(object);  // the program that is reached does not have it; but it was reached
  EXPECT_EQ(object.error().cause, "Exotic answered: The call request could not be handled.");
}

TEST_F(SessionTest, saysThatAServiceCannotBeReached) {
  auto peer = bus.peer();
  std::optional<RawServer> dead(bus.loop);
  const auto url = dead->endpoint().url();
  dead.reset();
  registerByHand(peer, test::info("Dead", url));
  const auto refused = find("Dead").error();
  EXPECT_EQ(refused.code, Code::unreachable);
  EXPECT_EQ(refused.cause, "Dead: cannot reach " + url + ": Connection refused");
  EXPECT_EQ(refused.nextStep, "check that its program still runs");

  auto elsewhere = test::info("Elsewhere", url);
  elsewhere.machineId = "another machine";
  registerByHand(peer, elsewhere);
  const auto hidden = find("Elsewhere").error();
  EXPECT_EQ(hidden.code, Code::unreachable);
  EXPECT_EQ(hidden.cause, "Elsewhere has no endpoint that can be reached from here");
  EXPECT_EQ(hidden.nextStep, "let it listen on an address of its network, not only on 127.0.0.1");
}

TEST_F(SessionTest, triesTheNextEndpointWhereOneFails) {
  provide("Sample");
  std::optional<RawServer> dead(bus.loop);
  auto info = bus.loop.await(client->services()).value().at(1);
  info.name = "Two";
  info.endpoints.insert(info.endpoints.begin(), dead->endpoint().url());
  dead.reset();
  auto peer = bus.peer();
  registerByHand(peer, info);
  EXPECT_EQ(find("Two").error().code, Code::callFailed);  // reached, as above
}

TEST(SessionConnect, showsItsCredentials) {
  Bus bus([](const qi::CapabilityMap& credentials) {
    localbus::AuthDecision decision;
    if (!credentials.contains("token")) decision = {localbus::AuthDecision::State::refused, {}, "missing token"};
    return decision;
  });
  const auto refused = bus.loop.await(Session::connect(bus.loop.io, bus.endpoint, {test::machineId}, run::silentLog()));
  EXPECT_EQ(refused.error().code, Code::notAuthenticated);
  const auto session =
      bus.session({.machineId = test::machineId, .credentials = {{"auth_token", qi::dynamic(std::string("t"))}}});
  EXPECT_TRUE(session->isOpen());
  session->close();
}

TEST(SessionConnect, keepsTheTokenThatItIsGiven) {
  // As the recorded directory of 03_connect_newtoken: without a token it gives one, with it all is well.
  Bus bus([](const qi::CapabilityMap& credentials) -> localbus::AuthDecision {
    if (credentials.contains("token")) return {};
    return {localbus::AuthDecision::State::more, {{"auth_newToken", qi::dynamic(std::string("fresh"))}}, {}};
  });
  int asked = 0;
  Session::Options options{test::machineId};
  options.credentials = {{"auth_user", qi::dynamic(std::string("nao"))}};
  options.moreCredentials = [&](const qi::CapabilityMap& from) -> qi::CapabilityMap {
    ++asked;
    return {{"auth_token", from.at("auth_newToken")}};
  };
  const auto session = bus.session(options);
  EXPECT_TRUE(session->isOpen());
  EXPECT_EQ(asked, 1);
  session->close();
}

TEST_F(SessionTest, asksForTheCredentialsOfWhoeverCallsItsServices) {
  Session::Options options{test::machineId};
  options.authenticator = [](const qi::CapabilityMap& credentials) -> localbus::AuthDecision {
    if (credentials.contains("token")) return {};
    return {localbus::AuthDecision::State::refused, {}, "missing token"};
  };
  const auto careful = bus.session(options);
  bus.loop.await(careful->registerService("Careful", sample.object)).value();
  EXPECT_EQ(find("Careful").error().code, Code::notAuthenticated);
  const auto trusted =
      bus.session({.machineId = test::machineId, .credentials = {{"auth_token", qi::dynamic(std::string("t"))}}});
  EXPECT_TRUE(bus.loop.await(trusted->service("Careful")));
  trusted->close();
  careful->close();
}

TEST_F(SessionTest, endsCallsToAServiceThatWasUnregistered) {
  const auto id = provide("Sample");
  const auto object = find("Sample").value();
  std::optional<Result<qi::Value>> outcome;
  boost::asio::co_spawn(bus.loop.io, object->call("later", tuple(1), 60s),
                        [&](std::exception_ptr, Result<qi::Value> done) { outcome = std::move(done); });
  ASSERT_TRUE(bus.loop.runUntil([&] { return sample.waiting.size() == 1; }));
  EXPECT_TRUE(bus.loop.await(provider->unregisterService(id)));
  ASSERT_TRUE(bus.loop.runUntil([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->error().code, Code::serviceGone);
  EXPECT_EQ(outcome->error().cause, "Service removed");
  EXPECT_TRUE(object->connection()->isReady());  // it may serve others
}

TEST(SessionConnect, saysThatThereIsNoDirectory) {
  Loop loop;
  std::optional<RawServer> server(loop);
  const auto endpoint = server->endpoint();
  server.reset();
  const auto result = loop.await(Session::connect(loop.io, endpoint, {test::machineId}, run::silentLog()));
  EXPECT_EQ(result.error().code, Code::unreachable);
  EXPECT_EQ(result.error().nextStep, "check that a directory runs there: beckon-directory " + endpoint.url());
}

TEST(SessionConnect, givesUpAfterFiveSecondsOnADirectoryThatNeverAnswers) {
  Loop loop;
  RawServer silent(loop), half(loop);
  std::vector<Error> errors;
  for (const auto& endpoint : {silent.endpoint(), half.endpoint()})
    boost::asio::co_spawn(
        loop.io, Session::connect(loop.io, endpoint, {test::machineId}, run::silentLog()),
        [&](std::exception_ptr, Result<std::shared_ptr<Session>> session) { errors.push_back(session.error()); });
  auto peer = half.accept();  // lets it in and says no more
  RawServer::letIn(peer);
  ASSERT_TRUE(loop.runUntil([&] { return errors.size() == 2; }, 9s));
  for (const auto& error : errors) {
    EXPECT_EQ(error.code, Code::timedOut);
    EXPECT_FALSE(error.nextStep.empty());
  }
}

}  // namespace
}  // namespace beckon::directory
