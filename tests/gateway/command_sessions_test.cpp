#include "gateway/doors/command_sessions.hpp"

#include "tests/xmpp/jid.hpp"

#include <gtest/gtest.h>

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;
using xmpp::jid;

class CommandSessionsTest : public testing::Test {
 protected:
  bool keep(const std::string& id, const std::string& from = "a@x/1") {
    return sessions.keep(id, {jid(from), "node", "method"}, now);
  }
  bool has(const std::string& id, const std::string& from = "a@x/1", const std::string& node = "node") {
    return sessions.take(id, jid(from), node, now).session.has_value();
  }
  CommandSessions sessions;
  CommandSessions::Time now{1h};
};

TEST_F(CommandSessionsTest, goOnForWhoBeganThemAndOnce) {
  ASSERT_TRUE(keep("one"));
  EXPECT_FALSE(has("two"));
  EXPECT_FALSE(has("one", "a@x/2"));
  EXPECT_FALSE(has("one", "b@x/1"));
  EXPECT_FALSE(has("one", "a@x/1", "another"));
  const auto taken = sessions.take("one", jid("a@x/1"), "node", now);
  ASSERT_TRUE(taken.session);
  EXPECT_EQ(taken.session->method, "method");
  EXPECT_FALSE(has("one"));
}

TEST_F(CommandSessionsTest, waitNoLongerThanTheirTime) {
  ASSERT_TRUE(keep("one"));
  ASSERT_TRUE(keep("two"));
  now += CommandSessions::patience;
  EXPECT_TRUE(has("one"));
  now += 1ns;
  const auto taken = sessions.take("two", jid("a@x/1"), "node", now);
  EXPECT_FALSE(taken.session);
  EXPECT_TRUE(taken.isExpired);
  ASSERT_TRUE(keep("three"));
  now += CommandSessions::patience + 1ns;
  ASSERT_TRUE(keep("four"));
  EXPECT_EQ(sessions.count(), 1u);
}

TEST_F(CommandSessionsTest, areFewOfAnAccountTheOldestGoes) {
  for (std::size_t i = 0; i < CommandSessions::mostOfAnAccount; ++i) {
    now += 1s;
    ASSERT_TRUE(keep("mine" + std::to_string(i), "a@x/" + std::to_string(i)));
  }
  ASSERT_TRUE(keep("other", "b@x/1"));
  ASSERT_TRUE(keep("more"));
  EXPECT_EQ(sessions.count(), CommandSessions::mostOfAnAccount + 1);
  EXPECT_FALSE(has("mine0", "a@x/0"));
  EXPECT_TRUE(has("mine1", "a@x/1"));
  EXPECT_TRUE(has("other", "b@x/1"));
}

TEST_F(CommandSessionsTest, areBoundedInAll) {
  for (std::size_t i = 0; i < CommandSessions::most; ++i)
    ASSERT_TRUE(keep(std::to_string(i), "a" + std::to_string(i) + "@x/1"));
  EXPECT_FALSE(keep("more", "more@x/1"));
  now += CommandSessions::patience + 1s;
  EXPECT_TRUE(keep("more", "more@x/1"));
}

}  // namespace
}  // namespace beckon::gateway
