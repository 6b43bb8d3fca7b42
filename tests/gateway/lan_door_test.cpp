#include "gateway/doors/lan_door.hpp"

#include "tests/gateway/lan_fixture.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using run::Code;
using test::Counter;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class LanDoorTest : public test::LanFixture {};

TEST_F(LanDoorTest, carriesCallsPropertiesSignalsAndErrors) {
  Counter counter;
  provide("Counter", counter.object);
  open();
  const auto client = enter("owner");
  EXPECT_THAT(namesFor(client), ElementsAre("Counter", "ServiceDirectory"));
  const auto outside = service(client, "Counter");
  EXPECT_EQ(add(outside, 3), 3);
  EXPECT_EQ(add(outside, 4), 7);
  EXPECT_THAT(call(outside, "fail").error().cause, HasSubstr("deliberate failure"));
  EXPECT_TRUE(bus.loop.await(outside->setProperty("step", 6)));
  EXPECT_EQ(counter.step->get(), 6);
  EXPECT_EQ(qi::fromValue<int>(bus.loop.await(outside->property("step")).value()).value(), 6);
  std::vector<std::int32_t> heard;
  auto watching = watch(outside, "counted", heard);
  (*counter.counted)(9);
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1; }));
  EXPECT_EQ(heard[0], 9);
  watching.reset();
  EXPECT_TRUE(runUntil([&] { return counter.object->subscriberCount(counter.ids.counted) == 0; }));
  EXPECT_TRUE(outside->post("add", test::tuple(5)));
  EXPECT_TRUE(runUntil([&] { return counter.total == 12; }));
}

TEST_F(LanDoorTest, carriesObjectsInBothDirectionsAndCancels) {
  test::ObjectsService objects;
  provide("Objects", objects.object);
  open();
  const auto client = enter("owner");
  const auto outside = service(client, "Objects");
  const auto given = fetch(outside, "get");
  EXPECT_EQ(given->uid(), objects.counter.object->uid());
  EXPECT_EQ(add(given, 2), 2);
  Counter own;
  EXPECT_EQ(qi::fromValue<std::int32_t>(call(outside, "use", own.object, 5).value()).value(), 5);
  EXPECT_EQ(own.total, 5);
  ASSERT_TRUE(call(outside, "keep", own.object));
  EXPECT_EQ(objects.kept->uid(), own.object->uid());
  // An object of the bus that goes to an object outside.
  EXPECT_TRUE(qi::fromValue<bool>(call(objects.kept, "takes", objects.counter.object).value()).value());
  ASSERT_TRUE(own.taken);
  EXPECT_EQ(add(own.taken, 3), 5);
  own.taken.reset();
  test::Outcome outcome;
  const auto later =
      given->callAction(given->metaObject().findMethod("later")->uid, {}, test::Loop::patience, outcome.handler());
  ASSERT_TRUE(runUntil([&] { return !objects.counter.waiting.empty(); }));
  EXPECT_TRUE(given->connection()->cancel(later));
  ASSERT_TRUE(runUntil([&] { return outcome.done; }));
  EXPECT_EQ(outcome.error->code, Code::canceled);
  objects.kept.reset();
  objects.counter.waiting.clear();
}

TEST_F(LanDoorTest, letsNobodyInWithoutARightTokenOrKey) {
  open();
  auto options = clientOptions("owner");
  options.credentials.clear();
  EXPECT_EQ(tryEnter(options).error().code, Code::notAuthenticated);
  options.credentials = {{"auth_token", qi::dynamic(std::string("guessed"))}};
  EXPECT_THAT(tryEnter(options).error().cause, HasSubstr("the token is not known"));
  EXPECT_EQ(door->sessions(), 0u);
}

TEST_F(LanDoorTest, knowsAClientByItsKey) {
  const localbus::TlsKeyPair own{folder.path() / "client.pem", folder.path() / "client.key"};
  ASSERT_TRUE(localbus::makeSelfSigned(own));
  const auto key = localbus::TlsContext::client({.own = own}).value().ownKey();
  Counter counter;
  provide("Counter", counter.object);
  open(rule("mine", "key:SHA256:" + key, R"(["call"])", R"(["Counter.add"])"));
  auto options = clientOptions("nobody");
  options.credentials.clear();
  options.tls = localbus::TlsContext::client({.own = own, .pin = serverTls->ownKey()}).value();
  const auto client = tryEnter(options);
  ASSERT_TRUE(client) << client.error().cause;
  EXPECT_EQ(add(service(*client, "Counter"), 1), 1);
  // Another key is nobody's.
  const localbus::TlsKeyPair other{folder.path() / "other.pem", folder.path() / "other.key"};
  ASSERT_TRUE(localbus::makeSelfSigned(other));
  options.tls = localbus::TlsContext::client({.own = other, .pin = serverTls->ownKey()}).value();
  EXPECT_EQ(tryEnter(options).error().code, Code::notAuthenticated);
}

TEST_F(LanDoorTest, isNotBelievedWithAnotherKeyThanThePinned) {
  open();
  auto options = clientOptions("owner");
  options.tls = localbus::TlsContext::client({.pin = std::string(64, 'a')}).value();
  const auto error = tryEnter(options).error();
  EXPECT_EQ(error.code, Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr(serverTls->ownKey()));
}

TEST_F(LanDoorTest, showsOnlyWhatThePolicyGrants) {
  Counter counter, secret;
  provide("Counter", counter.object);
  provide("Secret", secret.object);
  open(rule("some", "token:guest", R"(["call"])", R"(["Counter.add", "Secret.nothing"])"));
  const auto client = enter("guest");
  EXPECT_THAT(namesFor(client), ElementsAre("Counter", "ServiceDirectory"));
  EXPECT_EQ(find(client, "Secret").error().code, Code::unknownService);
  const auto outside = service(client, "Counter");
  EXPECT_TRUE(outside->metaObject().findMethod("add"));
  EXPECT_FALSE(outside->metaObject().findMethod("fail"));
  EXPECT_FALSE(outside->metaObject().findSignal("counted"));
  EXPECT_FALSE(outside->metaObject().findProperty("step"));
  // By number, as one who knows the bus: the same answer as for what does not exist.
  const auto answerTo = [&](std::uint32_t action, const qi::Bytes& arguments) {
    test::Outcome outcome;
    outside->callAction(action, arguments, test::Loop::patience, outcome.handler());
    EXPECT_TRUE(runUntil([&] { return outcome.done; }));
    return outcome.error ? outcome.error->cause : "no error";
  };
  EXPECT_EQ(answerTo(counter.ids.fail, {}), "No such method");
  EXPECT_EQ(answerTo(9999, {}), "No such method");
  const auto subscribeTo = [](std::uint32_t signal) { return qi::encode(std::tuple(1u, signal, std::uint64_t{7})); };
  EXPECT_EQ(answerTo(qi::action::registerEvent, subscribeTo(counter.ids.counted)), "No such signal");
  EXPECT_EQ(answerTo(qi::action::registerEvent, subscribeTo(9999)), "No such signal");
  EXPECT_EQ(answerTo(qi::action::registerEvent, subscribeTo(qi::action::traceObject)), "No such signal");
  EXPECT_EQ(answerTo(qi::action::property, qi::encode(qi::dynamic(std::string("step")))),
            "property \"step\" was not found");
  EXPECT_EQ(answerTo(qi::action::property, qi::encode(qi::dynamic(std::string("none")))),
            "property \"none\" was not found");
  for (std::uint32_t statistics = 80; statistics < 86; ++statistics)
    EXPECT_EQ(answerTo(statistics, qi::encode(true)), "No such method") << statistics;
  EXPECT_EQ(answerTo(qi::action::terminate, qi::encode(1u)), "No such method");
  EXPECT_EQ(secret.total, 0);
}

TEST_F(LanDoorTest, decidesObjectsAsMembersOfTheServiceThatGaveThem) {
  test::ObjectsService objects;
  provide("Objects", objects.object);
  open(rule("some", "token:guest", R"(["call"])", R"(["Objects.get", "Objects.add"])"));
  const auto given = fetch(service(enter("guest"), "Objects"), "get");
  EXPECT_EQ(add(given, 2), 2);
  EXPECT_FALSE(given->metaObject().findMethod("fail"));
  EXPECT_FALSE(given->metaObject().findProperty("step"));
}

TEST_F(LanDoorTest, tellsServicesWhoCalls) {
  localbus::ObjectBuilder builder;
  builder.method("who",
                 [](localbus::Caller caller) { return caller.principal ? *caller.principal : std::string("nobody"); });
  builder.method("connection", [](localbus::Caller caller) { return caller.connection; });
  provide("Who", builder.build());
  open(rule("all", "token:*", R"("*")", R"(["*"])"));
  const auto alice = service(enter("alice"), "Who"), bob = service(enter("bob"), "Who");
  EXPECT_EQ(qi::fromValue<std::string>(call(alice, "who").value()).value(), "token:alice");
  EXPECT_EQ(qi::fromValue<std::string>(call(bob, "who").value()).value(), "token:bob");
  EXPECT_NE(qi::fromValue<std::uint64_t>(call(alice, "connection").value()).value(),
            qi::fromValue<std::uint64_t>(call(bob, "connection").value()).value());
  const auto local = bus.session();
  EXPECT_EQ(qi::fromValue<std::string>(call(service(local, "Who"), "who").value()).value(), "nobody");
  local->close();
}

TEST_F(LanDoorTest, keepsAClientOnTheAddressAtWhichItCame) {
  Counter counter;
  provide("Counter", counter.object);
  open();
  const auto client = enter("owner");
  for (const auto& info : bus.loop.await(client->services()).value()) {
    EXPECT_EQ(info.machineId, test::machineId);
    EXPECT_THAT(info.endpoints, ElementsAre(endpoint.url()));
  }
  EXPECT_EQ(service(client, "Counter")->connection(), service(client, "ServiceDirectory")->connection());
}

TEST_F(LanDoorTest, tellsOfServicesThatComeAndGoIfTheyAreVisible) {
  open(rule("some", "token:guest", R"("*")", R"(["Counter"])"));
  const auto client = enter("guest");
  std::vector<std::string> heard;
  client->onService(
      [&](bool isThere, std::uint32_t, const std::string& name) { heard.push_back((isThere ? "+" : "-") + name); });
  Counter counter, hidden;
  const auto other = provide("Hidden", hidden.object);
  const auto provider = provide("Counter", counter.object);
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1; }));
  const auto outside = service(client, "Counter");
  const auto first = outside->service();
  EXPECT_EQ(add(outside, 1), 1);
  other->close();
  provider->close();
  ASSERT_TRUE(runUntil([&] { return heard.size() == 2; }));
  EXPECT_THAT(call(outside, "add", 1).error().cause, HasSubstr("could not be handled"));
  provide("Counter", counter.object);
  ASSERT_TRUE(runUntil([&] { return heard.size() == 3; }));
  EXPECT_THAT(heard, ElementsAre("+Counter", "-Counter", "+Counter"));
  const auto again = service(client, "Counter");
  EXPECT_GT(again->service(), first);
  EXPECT_EQ(add(again, 1), 2);
}

TEST_F(LanDoorTest, endsJustWhatAChangedPolicyNoLongerGrants) {
  Counter counter, other;
  provide("Counter", counter.object);
  provide("Other", other.object);
  open(rule("all", "token:guest", R"("*")", R"(["*"])"));
  const auto client = enter("guest");
  const auto outside = service(client, "Counter");
  std::vector<std::int32_t> counted, steps, others;
  const auto one = watch(outside, "counted", counted), two = watch(outside, "step", steps);
  const auto three = watch(service(client, "Other"), "counted", others);
  authority->replace(policyOf(rule("all", "token:guest", R"("*")", R"(["*"])", R"(except = ["Counter.counted"])")));
  ASSERT_TRUE(runUntil([&] { return counter.object->subscriberCount(counter.ids.counted) == 0; }));
  (*counter.counted)(1);
  counter.step->set(2);
  (*other.counted)(3);
  ASSERT_TRUE(runUntil([&] { return steps.size() == 1 && others.size() == 1; }));
  EXPECT_TRUE(counted.empty());
  EXPECT_EQ(add(outside, 1), 1);
  // A service that is not visible any more has gone.
  std::vector<std::string> heard;
  client->onService(
      [&](bool isThere, std::uint32_t, const std::string& name) { heard.push_back((isThere ? "+" : "-") + name); });
  authority->replace(policyOf(rule("some", "token:guest", R"("*")", R"(["Other"])")));
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1; }));
  EXPECT_EQ(heard[0], "-Counter");
  EXPECT_EQ(other.object->subscriberCount(other.ids.counted), 1u);
  // And who may nothing at all has to go.
  authority->replace(policyOf(""));
  EXPECT_TRUE(runUntil([&] { return door->sessions() == 0; }));
}

TEST_F(LanDoorTest, endsTheSessionsOfARevokedTokenAndNoOthers) {
  Counter counter;
  provide("Counter", counter.object);
  open(rule("all", "token:*", R"("*")", R"(["*"])"));
  const auto first = enter("al"), second = enter("al"), stays = enter("robert");
  std::vector<std::int32_t> heard, lost;
  const auto kept = watch(service(stays, "Counter"), "counted", heard),
             ends = watch(service(first, "Counter"), "counted", lost);
  door->revoked(static_cast<std::int64_t>(std::string("token of al").size()), "the token was revoked");
  EXPECT_EQ(door->sessions(), 1u);
  ASSERT_TRUE(runUntil([&] { return !first->isOpen() && !second->isOpen(); }));
  ASSERT_TRUE(runUntil([&] { return counter.object->subscriberCount(counter.ids.counted) == 1; }));
  (*counter.counted)(4);
  ASSERT_TRUE(runUntil([&] { return !heard.empty(); }));
  EXPECT_TRUE(stays->isOpen());
  EXPECT_TRUE(lost.empty());
}

TEST_F(LanDoorTest, registersNothingFromOutsideUnlessARuleGrantsIt) {
  open(rule("all", "token:guest", R"("*")", R"(["*"])") +
       rule("provider", "token:provider", R"(["register", "call", "watch"])", R"(["Mine"])"));
  Counter mine;
  const auto guest = enter("guest"), provider = enter("provider");
  const auto refused = bus.loop.await(guest->registerService("Mine", mine.object));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().cause, HasSubstr("registerService"));
  EXPECT_THAT(bus.loop.await(provider->registerService("Other", mine.object)).error().cause, HasSubstr("policy"));
  const auto id = bus.loop.await(provider->registerService("Mine", mine.object));
  ASSERT_TRUE(id) << id.error().cause;
  const auto local = bus.session();
  EXPECT_EQ(add(service(local, "Mine"), 2), 2);
  const auto seen = service(guest, "Mine");
  EXPECT_EQ(seen->service(), *id);
  EXPECT_EQ(add(seen, 3), 5);
  std::vector<std::int32_t> heard;
  const auto watching = watch(seen, "counted", heard);
  (*mine.counted)(8);
  EXPECT_TRUE(runUntil([&] { return heard.size() == 1; }));
  provider->close();
  EXPECT_TRUE(runUntil([&] { return !find(local, "Mine"); }));
  EXPECT_TRUE(runUntil([&] { return namesFor(guest) == std::vector<std::string>{"ServiceDirectory"}; }));
  local->close();
}

TEST_F(LanDoorTest, tellsRefusalsByLimitsOfWhatIsVisible) {
  Counter counter;
  provide("Counter", counter.object);
  open(rule("slow", "token:guest", R"(["call"])", R"(["Counter.add"])", "rate = \"1/h\"\npayload = \"4 B\""));
  const auto outside = service(enter("guest"), "Counter");
  test::Outcome large;
  outside->callAction(counter.ids.add, qi::encode(std::uint64_t{1}), test::Loop::patience, large.handler());
  ASSERT_TRUE(runUntil([&] { return large.done; }));
  EXPECT_THAT(large.error->cause, HasSubstr("too-large"));
  EXPECT_EQ(add(outside, 1), 1);
  EXPECT_THAT(call(outside, "add", 1).error().cause, HasSubstr("overloaded"));
  EXPECT_EQ(counter.total, 1);
}

TEST_F(LanDoorTest, outlivesTheBusAndItsDirectory) {
  Counter counter;
  auto provider = provide("Counter", counter.object);
  open();
  const auto client = enter("owner");
  EXPECT_EQ(add(service(client, "Counter"), 1), 1);
  provider->close();
  ASSERT_TRUE(runUntil([&] { return namesFor(client).size() == 1; }));
  EXPECT_TRUE(client->isOpen());
}

}  // namespace
}  // namespace beckon::gateway
