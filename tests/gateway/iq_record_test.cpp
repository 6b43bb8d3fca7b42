#include "gateway/doors/iq_record.hpp"

#include "tests/gateway/iq_door_fixture.hpp"
#include "tests/gateway/recorded.hpp"
#include "tests/support/small_disk.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class IqRecordTest : public IqDoorTest {
 protected:
  test::Recorded recorded{bus.io};

  void openRecorded(const std::string& toml) {
    openWith(toml);
    xmppRequests->record(recorded.trail);
  }
};

const std::string ownerAndLogged = R"(
[[rule]]
name = "owner"
who = ["owner@x"]
may = "*"
on = ["Speech.say", "Speech.echo", "Speech.fail", "Speech.volume"]
except = ["Speech.later"]
[[rule]]
name = "logged"
who = ["logged@x"]
may = ["call"]
on = ["Speech.echo"]
audit = "arguments"
payload = "20 B"
)";

TEST_F(IqRecordTest, noAnswerLeavesBeforeItIsInTheRecord) {
  openRecorded(ownerAndLogged);
  std::string id;
  {
    const test::SmallDisk full(recorded.text().size());
    id = request(owner, "set", {call("Speech", "echo", "[\"x\"]")});
    ASSERT_TRUE(bus.runUntil([&] { return calls == 1; }));
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    bus.runUntil([&] { return std::chrono::steady_clock::now() > end; });
    EXPECT_EQ(answerTo(id), nullptr);
    EXPECT_THAT(result("set", call("Speech", "echo", "[\"y\"]")).name, "");  // audit-failed, at once
    EXPECT_EQ(calls, 1);
  }
  ASSERT_TRUE(bus.runUntil([&] { return answerTo(id) != nullptr; }));
  EXPECT_THAT(recorded.lines(), ElementsAre("call Speech.echo done"));
}

TEST_F(IqRecordTest, tellsWhatWasAskedForAndWhatBecameOfIt) {
  openRecorded(ownerAndLogged);
  result("set", call("Speech", "echo", "[\"secret\"]"));
  result("set", call("Speech", "fail", "[]"));
  result("set", call("Speech", "later", "[]"));
  result("get", payload("services"));
  result("set", call("Speech", "echo", "[\"told\"]"), "logged@x/1");
  result("set", call("Speech", "echo", "[\"much more than twenty\"]"), "logged@x/1");
  result("set", call("Speech", "echo", "[\"x\"]"), "stranger@x/1");
  EXPECT_THAT(recorded.lines(), ElementsAre("call Speech.echo done", "call Speech.fail failed (call-failed)",
                                            "call Speech.later refused (not-granted)", "call Speech.echo done",
                                            "call Speech.echo refused (payload)", "list refused (no-rule)"));
  EXPECT_THAT(recorded.text(), Not(HasSubstr("secret")));
  EXPECT_THAT(recorded.text(), HasSubstr("[\\\"told\\\"]"));
  EXPECT_THAT(recorded.text(), HasSubstr("\"session\":\"owner@x/phone\""));
}

}  // namespace
}  // namespace beckon::gateway
