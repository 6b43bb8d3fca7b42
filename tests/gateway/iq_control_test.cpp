// Control leases by XMPP.
#include "gateway/doors/chat_door.hpp"
#include "gateway/doors/command_door.hpp"
#include "tests/gateway/iq_door_fixture.hpp"
#include "xmpp/command.hpp"

namespace beckon::gateway {
namespace {

using testing::HasSubstr;

class IqControlTest : public IqDoorTest {
 protected:
  struct Idle final : Watchdog {
    void define(const std::vector<policy::Lease>&) override {}
    void held(const policy::Lease&) override {}
    void stop(const policy::Lease&) override { ++stops; }
    int stops = 0;
  };
  IqControlTest() {
    clock.wall = [] { return std::chrono::system_clock::time_point(); };  // 1970
    openWith(
        "[leases.talk]\non = 'Speech'\nstop = 'Speech.hush'\n[[rule]]\nname = 'all'\nwho = ['owner@x', 'other@x']\nmay "
        "= '*'\non = '*'\n");
    control = std::make_shared<Control>(bus.io, *authority, run::silentLog());
    control->start();
    control->use(&watchdog);
    control->watched(std::nullopt);
    xmppRequests->offer(control);
  }
  ~IqControlTest() override {
    door->close();
    xmppRequests->close();
    control->stop();
  }
  StanzaError errorOf(const Element& body, const std::string& from = owner) {
    return StanzaError::read(ask(from, "set", body));
  }
  bool take(const std::string& from) {
    return result("set", gateway::call("Control", "take", "[\"talk\"]"), from).name == "call";
  }

  Idle watchdog;
  std::shared_ptr<Control> control;
};

TEST_F(IqControlTest, letsTheFullJidThatHasItActAndNoOther) {
  const auto speak = call("Speech", "echo", "[\"hi\"]");
  EXPECT_EQ(errorOf(speak).code, "lease-needed");
  ASSERT_TRUE(take(owner));
  EXPECT_EQ(result("set", speak).text, "\"hi\"");
  EXPECT_EQ(errorOf(speak, "owner@x/tablet").code, "lease-needed");
  EXPECT_EQ(errorOf(speak, "other@x/phone").code, "lease-needed");
  EXPECT_FALSE(take("other@x/phone"));
  EXPECT_TRUE(result("set", call("Control", "share", "[\"talk\"]")).name == "call");
  EXPECT_EQ(result("set", speak, "owner@x/tablet").text, "\"hi\"");
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(result("get", payload("services")).toXml(), HasSubstr("Control"));
}

TEST_F(IqControlTest, isTheSameForCommandsAndLinesOfAChat) {
  CommandDoor commands(xmppRequests);
  commands.open(*client);
  ChatDoor chat(xmppRequests);
  chat.open(*client);
  std::size_t heard = server->sent.size();
  const auto say = [&](const std::string& line, const std::string& from) {
    Element message("message", std::string(xmpp::ns::client));
    chat.received(message.set("type", "chat").set("from", from).add(Element("body", {}, line)));
    const auto isThere = [&] { return server->sent.size() > heard && server->sent.back().name == "message"; };
    if (!bus.runUntil(isThere)) return std::string("no answer");
    heard = server->sent.size();
    return std::string(server->sent.back().childText("body", xmpp::ns::client));
  };
  EXPECT_THAT(say("echo hi", owner), HasSubstr("takes the control lease \"talk\", which nobody has"));
  const auto form = ask(owner, "set", xmpp::command::stepRequest({"Control.take", ""}));
  const auto session = form.child("command", xmpp::command::ns)->attribute("sessionid");
  const auto taken =
      ask(owner, "set",
          xmpp::command::stepRequest(
              {"Control.take", std::string(session), xmpp::command::Action::complete,
               xmpp::DataForm{.type = "submit", .fields = {{.name = "argument1", .type = "", .values = {"talk"}}}}}));
  EXPECT_THAT(taken.toXml(), HasSubstr("Control.take: done"));
  heard = server->sent.size();
  EXPECT_EQ(say("echo hi", owner), "hi");
  EXPECT_EQ(result("set", gateway::call("Speech", "echo", "[\"hi\"]")).text, "\"hi\"");
  heard = server->sent.size();
  EXPECT_THAT(say("echo hi", "owner@x/tablet"), HasSubstr("owner@x has"));
  EXPECT_EQ(calls, 2);
}

TEST_F(IqControlTest, answersCallsUnderWayWhenTheLeaseEnds) {
  ASSERT_TRUE(take(owner));
  const auto id = request(owner, "set", {call("Speech", "later")});
  ASSERT_TRUE(bus.runUntil([&] { return waiting.size() == 1; }));
  bool isCanceled = false;
  waiting.front().onCancel([&] { isCanceled = true; });
  control->intervened("talk");
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(id) != nullptr; }));
  EXPECT_EQ(StanzaError::read(*answerTo(id)).code, "lease-needed");
  EXPECT_EQ(watchdog.stops, 1);
  EXPECT_TRUE(bus.runUntil([&] { return isCanceled; }));
  const auto answers = server->sent.size();
  waiting.front()(7);
  EXPECT_EQ(errorOf(call("Speech", "echo", "[\"x\"]")).code, "lease-needed");
  EXPECT_EQ(server->sent.size(), answers + 1);  // nothing of the late answer
}

TEST_F(IqControlTest, dropsAMotionThatComesTooLateWhateverTheDateIs) {
  ASSERT_TRUE(take(owner));
  const auto robots = [&] { return rpc::readClock(result("get", rpc::clockRequest())).value(); };
  const auto past = robots();
  ASSERT_TRUE(bus.runUntil([&] { return robots().time > past.time; }));
  const rpc::Moment soon{past.start, past.time + std::chrono::seconds(5)};
  auto late = call("Speech", "echo", "[\"hi\"]"), inTime = late;
  late.set("expires", past.text());
  inTime.set("expires", soon.text());
  EXPECT_EQ(errorOf(late).code, "too-late");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(result("set", inTime).text, "\"hi\"");
}

}  // namespace
}  // namespace beckon::gateway
