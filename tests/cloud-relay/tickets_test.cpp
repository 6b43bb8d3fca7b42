#include "cloud-relay/tickets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Tickets::Time start{1h};

Session session(int number, const std::string& from = "r2", const std::string& to = "alice") {
  const auto jid = [](const std::string& name) { return xmpp::Jid::parse(name + "@x/here").value(); };
  return {"0123456789abcdef" + std::to_string(number), jid(from), jid(to)};
}

run::Error refusal(const run::Result<std::string>& result) {
  EXPECT_FALSE(result);
  return result ? run::Error() : result.error();
}

TEST(Tickets, twoAreLetInAndThenTheRequesterLetsTheBytesFlow) {
  Tickets tickets({});
  const auto key = tickets.open(session(1), start).value();
  EXPECT_EQ(key, session(1).hash());
  EXPECT_THAT(refusal(tickets.activate(session(1), start)).cause, HasSubstr("not both ends"));
  EXPECT_TRUE(tickets.admit(key, start));
  EXPECT_THAT(refusal(tickets.activate(session(1), start)).cause, HasSubstr("not both ends"));
  EXPECT_TRUE(tickets.admit(key, start));
  EXPECT_FALSE(tickets.admit(key, start));
  EXPECT_EQ(tickets.activate(session(1), start).value(), key);
  EXPECT_THAT(refusal(tickets.activate(session(1), start)).cause, HasSubstr("active already"));
}

TEST(Tickets, nobodyIsLetInWithoutOne) {
  Tickets tickets({});
  tickets.open(session(1), start).value();
  EXPECT_FALSE(tickets.admit(session(2).hash(), start));
  EXPECT_FALSE(tickets.admit("", start));
  EXPECT_THAT(refusal(tickets.activate(session(2), start)).cause, HasSubstr("no open ticket"));
}

TEST(Tickets, oneIsOverAfterItsTimeUnlessItsStreamFlows) {
  Tickets tickets({});
  const auto late = tickets.open(session(1), start).value(), flows = tickets.open(session(2), start).value();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(tickets.admit(flows, start));
  tickets.activate(session(2), start).value();
  EXPECT_THAT(tickets.endLate(start + Tickets::lifetime - 1ms), IsEmpty());
  EXPECT_FALSE(tickets.admit(late, start + Tickets::lifetime));
  EXPECT_THAT(tickets.endLate(start + Tickets::lifetime), ElementsAre(late));
  EXPECT_EQ(tickets.size(), 1u);
}

TEST(Tickets, oneThatIsOverIsNotActivated) {
  Tickets tickets({});
  const auto key = tickets.open(session(1), start).value();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(tickets.admit(key, start));
  EXPECT_THAT(refusal(tickets.activate(session(1), start + Tickets::lifetime)).cause, HasSubstr("no open ticket"));
}

TEST(Tickets, aSidIsTakenOnce) {
  Tickets tickets({});
  const auto key = tickets.open(session(1), start).value();
  EXPECT_EQ(refusal(tickets.open(session(1), start)).code, run::Code::invalidArgument);
  tickets.end(key);
  EXPECT_TRUE(tickets.open(session(1), start));
}

// The hash of XEP-0065 does not tell where the sid ends.
TEST(Tickets, aKeyThatTwoSessionsShareIsOfWhoAsked) {
  Tickets tickets({});
  const auto asked = session(1, "r2");
  auto other = session(1, "2");
  other.sid += "r";
  ASSERT_EQ(asked.hash(), other.hash());
  const auto key = tickets.open(asked, start).value();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(tickets.admit(key, start));
  EXPECT_THAT(refusal(tickets.activate(other, start)).cause, HasSubstr("no open ticket"));
  EXPECT_TRUE(tickets.activate(asked, start));
}

TEST(Tickets, aRequesterHasSoManyAndAllTogetherSoMany) {
  Tickets tickets({.ofRequester = 2, .inAll = 3});
  const auto first = tickets.open(session(1), start).value();
  tickets.open(session(2), start).value();
  const auto refused = refusal(tickets.open(session(3), start));
  EXPECT_EQ(refused.code, run::Code::overloaded);
  EXPECT_THAT(refused.cause, HasSubstr("r2@x has 2 streams and tickets open, and may have 2"));
  tickets.open(session(4, "r3"), start).value();
  EXPECT_THAT(refusal(tickets.open(session(5, "r4"), start)).cause, HasSubstr("the relay has 3 streams open"));
  tickets.end(first);
  EXPECT_TRUE(tickets.open(session(3), start));
}

TEST(Tickets, thoseOfAnAccountEndWhicheverEndItIs) {
  Tickets tickets({});
  const auto to = tickets.open(session(1, "r2", "alice"), start).value();
  const auto from = tickets.open(session(2, "alice", "r3"), start).value();
  const auto others = tickets.open(session(3, "r2", "r3"), start).value();
  EXPECT_THAT(tickets.endOf("alice@x"), testing::UnorderedElementsAre(to, from));
  EXPECT_FALSE(tickets.admit(to, start));
  EXPECT_TRUE(tickets.admit(others, start));
}

}  // namespace
}  // namespace beckon::relay
