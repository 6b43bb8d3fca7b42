#include "gateway/control.hpp"

#include "tests/gateway/lan_fixture.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using run::Code;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string driving = "[leases.drive]\non = 'Motion'\nlapse = '20 s'\nstop = 'Motion.halt'\n";

// Says what it was told, and stops nothing.
struct PlayedWatchdog final : Watchdog {
  void define(const std::vector<policy::Lease>& leases) override {
    told.push_back("define " + std::to_string(leases.size()));
  }
  void held(const policy::Lease& lease) override { told.push_back("held " + lease.name); }
  void stop(const policy::Lease& lease) override { told.push_back("stop " + lease.name); }
  std::vector<std::string> told;
};

class ControlTest : public test::LanFixture {
 protected:
  ControlTest() {
    localbus::ObjectBuilder builder;
    builder.method("go", [this](localbus::Reply<void> reply) {
      reply.onCancel([this] { ++cancelled; });
      going.push_back(std::move(reply));
    });
    builder.method("step", [this](int x) { return steps += x; });
    builder.method("halt", [] {});
    builder.property<int>("speed", 0);
    motion = builder.build();
    provide("Motion", motion);
  }
  ~ControlTest() override {
    if (control) control->use(nullptr);
    going.clear();
  }
  void openDriving(const std::string& more = {}) {
    open(driving + rule("a", "token:alice", "'*'", "'*'") + rule("b", "token:bob", "'*'", "'*'") + more);
    control->use(&watchdog);
    control->watched(std::nullopt);
  }
  std::string failure(const test::Proxy& object, const std::string& method) {
    const auto result = call(object, method, std::string("drive"));
    return result ? "" : result.error().cause;
  }
  bool holds(const Session& client) {
    return call(service(client, "Control"), "keep", std::string("drive")).has_value();
  }

  PlayedWatchdog watchdog;
  std::shared_ptr<localbus::Object> motion;
  std::vector<localbus::Reply<void>> going;
  int cancelled = 0, steps = 0;
};

TEST_F(ControlTest, isThereForWhoMayTakeALeaseAndForNobodyElse) {
  openDriving(rule("c", "token:carol", "['get', 'watch']", "'*'"));
  const auto alice = enter("alice"), carol = enter("carol");
  EXPECT_THAT(namesFor(alice), ElementsAre("Control", "Motion", "ServiceDirectory"));
  EXPECT_THAT(namesFor(carol), ElementsAre("Motion", "ServiceDirectory"));
  EXPECT_EQ(find(carol, "Control").error().code, Code::unknownService);
  std::vector<std::string> changes;
  carol->onService(
      [&](bool isThere, std::uint32_t, const std::string& name) { changes.push_back((isThere ? "+" : "-") + name); });
  authority->replace(policyOf(driving + rule("c", "token:carol", "'*'", "'*'")));
  ASSERT_TRUE(runUntil([&] { return changes.size() == 1; }));
  EXPECT_TRUE(call(service(carol, "Control"), "leases"));
  authority->replace(policyOf(rule("c", "token:carol", "'*'", "'*'")));
  ASSERT_TRUE(runUntil([&] { return changes.size() == 2; }));
  EXPECT_THAT(changes, ElementsAre("+Control", "-Control"));
  EXPECT_FALSE(find(carol, "Control"));
}

TEST_F(ControlTest, standsBeforeAServiceOfTheBusWithItsName) {
  localbus::ObjectBuilder builder;
  builder.method("level", [] { return 1; });
  provide("Control", builder.build());
  openDriving();
  const auto alice = enter("alice");
  EXPECT_EQ(std::ranges::count(namesFor(alice), "Control"), 1);
  EXPECT_EQ(service(alice, "Control")->metaObject().findMethod("level"), nullptr);
}

TEST_F(ControlTest, letsOneSessionMoveTheRobotAndTellsTheOthersWho) {
  openDriving();
  const auto alice = enter("alice"), bob = enter("bob");
  const auto control1 = service(alice, "Control"), motion1 = service(alice, "Motion");
  const auto control2 = service(bob, "Control"), motion2 = service(bob, "Motion");
  EXPECT_THAT(call(motion1, "step", 1).error().cause,
              HasSubstr("lease-needed: Motion.step takes the control lease \"drive\", which nobody has"));
  std::vector<std::string> heard;
  auto handler = [&](const qi::Value& event) {
    heard.push_back(std::get<1>(qi::fromValue<std::tuple<std::string, std::string>>(event).value()));
  };
  const auto asked = bus.loop.await(control1->subscribe("asked", handler)).value();
  ASSERT_TRUE(call(control1, "take", std::string("drive")));
  EXPECT_TRUE(call(motion1, "step", 1));
  EXPECT_TRUE(bus.loop.await(motion1->setProperty("speed", 3)));
  EXPECT_THAT(call(motion2, "step", 1).error().cause, HasSubstr("which token:alice has"));
  EXPECT_FALSE(bus.loop.await(motion2->setProperty("speed", 4)));
  EXPECT_TRUE(bus.loop.await(motion2->property("speed")));
  EXPECT_TRUE(motion2->post("step", test::tuple(5)));
  EXPECT_THAT(failure(control2, "take"), HasSubstr("lease-held: token:alice has"));
  EXPECT_EQ(steps, 1);
  ASSERT_TRUE(call(control2, "ask", std::string("drive")));
  ASSERT_TRUE(runUntil([&] { return heard.size() == 1; }));
  EXPECT_EQ(heard[0], "token:bob");
  ASSERT_TRUE(call(control1, "give", std::string("drive"), std::string("token:bob")));
  EXPECT_TRUE(call(motion2, "step", 1));
  EXPECT_THAT(failure(control1, "keep"), HasSubstr("lease-needed: "));
  EXPECT_THAT(watchdog.told, Not(Contains("stop drive")));
}

TEST_F(ControlTest, tellsWhetherSomebodyHasIt) {
  openDriving();
  std::vector<std::optional<bool>> told;
  const auto telling = control->onTurn([&] { told.push_back(control->isTaken()); });
  EXPECT_EQ(control->isTaken(), false);
  const auto alice = enter("alice");
  ASSERT_TRUE(call(service(alice, "Control"), "take", std::string("drive")));
  EXPECT_EQ(told.back(), true);
  ASSERT_TRUE(call(service(alice, "Control"), "give", std::string("drive"), std::string()));
  EXPECT_EQ(control->isTaken(), true) << "it is being brought to rest";
  control->stopped("drive");
  EXPECT_EQ(told.back(), false);
  authority->replace(policyOf(rule("a", "token:alice", "'*'", "'*'")));
  EXPECT_EQ(control->isTaken(), std::nullopt) << "nobody can";
}

TEST_F(ControlTest, endsCallsUnderWayWithTheLease) {
  openDriving();
  const auto alice = enter("alice");
  const auto controlling = service(alice, "Control"), moving = service(alice, "Motion");
  ASSERT_TRUE(call(controlling, "take", std::string("drive")));
  const auto outcome = std::make_shared<test::Outcome>();
  auto handler = [outcome, told = outcome->handler()](run::Result<localbus::Answer> answer) mutable {
    told(std::move(answer));
  };
  moving->callAction(moving->metaObject().findMethod("go")->uid, {}, test::Loop::patience, std::move(handler));
  ASSERT_TRUE(runUntil([&] { return going.size() == 1; }));
  control->intervened("drive");
  ASSERT_TRUE(runUntil([&] { return outcome->done && cancelled == 1; }));
  EXPECT_THAT(outcome->error->cause, HasSubstr("lease-needed: the control lease \"drive\" ended"));
  going.front()({});  // the service's own answer comes to nobody
  EXPECT_THAT(call(moving, "step", 1).error().cause, HasSubstr("lease-needed"));
  EXPECT_THAT(watchdog.told, Contains("stop drive"));
  EXPECT_THAT(failure(controlling, "take"), HasSubstr("lease-held: "));
  control->stopped("drive");
  EXPECT_TRUE(call(controlling, "take", std::string("drive")));
}

TEST_F(ControlTest, endsWithTheConnectionOfWhoHasIt) {
  openDriving();
  const auto alice = enter("alice"), bob = enter("bob");
  ASSERT_TRUE(call(service(alice, "Control"), "take", std::string("drive")));
  alice->close();
  ASSERT_TRUE(runUntil([&] { return watchdog.told.back() == "stop drive"; }));
  EXPECT_FALSE(holds(bob));
  control->stopped("drive");
  EXPECT_TRUE(call(service(bob, "Control"), "take", std::string("drive")));
  EXPECT_TRUE(holds(bob));
}

TEST_F(ControlTest, lapsesByItsOwnTimerAndTellsTheWatchdog) {
  open("[leases.drive]\non = 'Motion'\nheartbeat = '50 ms'\nlapse = '200 ms'\nstop = 'Motion.halt'\n" +
       rule("a", "token:alice", "'*'", "'*'"));
  control->use(&watchdog);
  control->watched(std::nullopt);
  const auto alice = enter("alice");
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(call(service(alice, "Control"), "take", std::string("drive")));
  ASSERT_TRUE(runUntil([&] { return watchdog.told.back() == "stop drive"; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(200));
}

TEST_F(ControlTest, isNobodysWhileNobodyWouldStopTheRobot) {
  openDriving();
  const auto alice = enter("alice");
  const auto controlling = service(alice, "Control");
  ASSERT_TRUE(call(controlling, "take", std::string("drive")));
  control->watched(run::Error{Code::unreachable, "the watchdog sleeps", {}});
  EXPECT_EQ(watchdog.told.back(), "stop drive");
  control->stopped("drive");
  EXPECT_THAT(failure(controlling, "take"), HasSubstr("unreachable: control cannot be taken: the watchdog sleeps"));
}

}  // namespace
}  // namespace beckon::gateway
