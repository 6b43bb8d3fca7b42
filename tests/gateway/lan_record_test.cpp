#include "core/qi/error_payload.hpp"
#include "gateway/lan/record.hpp"
#include "tests/gateway/lan_fixture.hpp"
#include "tests/gateway/recorded.hpp"
#include "tests/support/small_disk.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using policy::audit::What;
using test::Counter;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class LanRecordTest : public test::LanFixture {
 protected:
  test::Recorded recorded{bus.loop.io};

  void openRecorded(const std::string& toml) {
    trail = recorded.trail;
    open(toml);
  }
  // So that whatever can happen has happened.
  void settle() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    runUntil([&] { return std::chrono::steady_clock::now() > end; });
  }
};

TEST_F(LanRecordTest, noAnswerLeavesBeforeItIsInTheRecord) {
  Counter counter;
  provide("Counter", counter.object);
  openRecorded(test::everything);
  const auto client = enter("owner");
  const auto outside = service(client, "Counter");
  ASSERT_EQ(add(outside, 1), 1);
  std::optional<run::Result<std::int32_t>> answer;
  {
    const test::SmallDisk full(recorded.text().size());
    test::Outcome outcome;
    outside->callAction(outside->metaObject().findMethod("add")->uid, qi::encode(std::int32_t{2}), test::Loop::patience,
                        [&](auto) { answer = counter.total; });
    ASSERT_TRUE(runUntil([&] { return counter.total == 3; }));
    settle();
    EXPECT_FALSE(answer);
    EXPECT_FALSE(recorded.trail->takesMore());
  }
  ASSERT_TRUE(runUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(std::ranges::count(recorded.lines(), "call Counter.add done"), 2);
}

TEST_F(LanRecordTest, tellsThatAServiceWasNotRegisteredAndWhy) {
  Counter counter, own;
  provide("Counter", counter.object);
  openRecorded(test::everything);
  const auto client = enter("owner");
  service(client, "Counter");
  EXPECT_FALSE(bus.loop.await(client->registerService("Counter", own.object)));
  EXPECT_THAT(recorded.lines(), ElementsAre("enter done", "register Counter failed (name-taken)"));
}

TEST_F(LanRecordTest, tellsWhatASessionDid) {
  Counter counter, own;
  provide("Counter", counter.object);
  openRecorded(test::everything);
  auto client = enter("owner");
  const auto outside = service(client, "Counter");
  add(outside, 1);
  call(outside, "fail");
  bus.loop.await(outside->setProperty("step", 6)).value();
  bus.loop.await(outside->property("step")).value();
  outside->post("add", test::tuple(5));
  std::vector<std::int32_t> heard;
  auto watching = watch(outside, "counted", heard);
  watching.reset();
  bus.loop.await(client->registerService("Own", own.object)).value();
  ASSERT_TRUE(runUntil([&] { return std::ranges::count(recorded.lines(), "unwatch Counter.counted") == 1; }));
  client->close();
  ASSERT_TRUE(runUntil([&] { return std::ranges::count(recorded.lines(), "leave") == 1; }));
  EXPECT_THAT(recorded.lines(),
              ElementsAre("enter done", "call Counter.add done", "call Counter.fail failed (call-failed)",
                          "set Counter.step done", "get Counter.step done", "post Counter.add sent",
                          "watch Counter.counted done", testing::AnyOf("unwatch Counter.counted", "register Own done"),
                          testing::AnyOf("unwatch Counter.counted", "register Own done"), "leave"));
  EXPECT_THAT(recorded.text(), Not(HasSubstr("deliberate failure")));
}

TEST_F(LanRecordTest, tellsWhatWasRefusedAndWhatTheCallerWasToldDoesNotExist) {
  Counter counter;
  provide("Counter", counter.object);
  provide("Hidden", counter.object);
  openRecorded(
      rule("few", "token:guest", "[\"call\"]", "[\"Counter.add\"]", "payload = \"2 B\"\naudit = \"arguments\"") +
      rule("all", "token:owner", "\"*\"", "[\"*\"]"));
  const auto guest = enter("guest"), owner = enter("owner");
  const auto mine = service(guest, "Counter"), whole = service(owner, "Counter"), hidden = service(owner, "Hidden");
  EXPECT_FALSE(call(mine, "add", 1));
  test::Outcome missing, unseen;
  mine->callAction(whole->metaObject().findMethod("fail")->uid, {}, test::Loop::patience, missing.handler());
  mine->connection()->call({hidden->service(), 1, 100}, qi::Bytes(), test::Loop::patience, unseen.handler());
  ASSERT_TRUE(runUntil([&] { return missing.done && unseen.done; }));
  EXPECT_FALSE(tryEnter([&] {
    auto options = clientOptions("x");
    options.credentials = {{"auth_token", qi::dynamic(std::string("guessed"))}};
    return options;
  }()));
  EXPECT_THAT(recorded.lines(),
              IsSupersetOf({"call Counter.add refused (payload)", "call Counter.fail refused (not-visible)",
                            "call Hidden refused (not-visible)", "enter refused (not-authenticated)"}));
  EXPECT_THAT(recorded.text(), Not(HasSubstr("guessed")));
}

TEST_F(LanRecordTest, hasArgumentsWhereTheRuleAsksForThemAndNowhereElse) {
  Counter counter;
  provide("Counter", counter.object);
  openRecorded(rule("logged", "token:guest", "\"*\"", "[\"*\"]", "audit = \"arguments\"") +
               rule("all", "token:owner", "\"*\"", "[\"*\"]"));
  add(service(enter("owner"), "Counter"), 4711);
  EXPECT_THAT(recorded.text(), Not(HasSubstr("4711")));
  const auto mine = service(enter("guest"), "Counter");
  add(mine, 4712);
  bus.loop.await(mine->setProperty("step", 6)).value();
  EXPECT_THAT(recorded.text(), HasSubstr("\"arguments\":\"[4712]\""));
  EXPECT_THAT(recorded.text(), HasSubstr("\"what\":\"set\""));
}

TEST_F(LanRecordTest, tellsOfCallsWhoseCallerWentOrUsedTheirNumberAgain) {
  const auto [near, far] = localbus::Connection::pair(bus.loop.io.get_executor(), nullptr, nullptr, run::silentLog());
  const auto record = std::make_shared<LanRecord>(recorded.trail, "token:mallory", near);
  qi::Header asked;
  asked.type = qi::MessageType::call;
  asked.id = 7;
  const auto ask = [&](std::string_view member) {
    record->arrived(asked);
    record->admitted(asked, {.what = What::call, .service = "Motion", .member = member});
  };
  ask("moveTo");
  ask("stop");
  record->answering(7, qi::MessageType::reply, qi::Bytes());
  record->answering(7, qi::MessageType::reply, qi::Bytes());
  ask("sit");
  record->arrived(asked);  // something that has no entry: a look into the directory
  record->answering(7, qi::MessageType::reply, qi::Bytes());
  ask("rest");
  record->answering(7, qi::MessageType::error, qi::encodeErrorText("timed-out: the service did not answer in time"));
  ask("wakeUp");
  record->left("it went");
  recorded.trail->flush();
  EXPECT_THAT(recorded.lines(),
              ElementsAre("call Motion.moveTo unanswered (number-used-again)", "call Motion.stop done",
                          "call Motion.sit unanswered (number-used-again)", "call Motion.rest failed (timed-out)",
                          "call Motion.wakeUp unanswered", "leave"));
  near->close({run::Code::connectionLost, "the end", {}});
  far->close({run::Code::connectionLost, "the end", {}});
  settle();
}

}  // namespace
}  // namespace beckon::gateway
