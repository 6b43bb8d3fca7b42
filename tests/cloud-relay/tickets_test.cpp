#include "cloud-relay/tickets.hpp"

#include "tests/cloud-relay/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Tickets::Time whenOpened{1h};

run::Error refusalOf(const run::Result<std::string>& result) {
  EXPECT_FALSE(result);
  return result ? run::Error() : result.error();
}

TEST(Tickets, twoAreLetInAndThenTheRequesterLetsTheBytesFlow) {
  Tickets tickets({});
  const auto key = tickets.open(session(1), whenOpened).value();
  EXPECT_EQ(key, session(1).hash());
  EXPECT_THAT(refusalOf(tickets.activate(session(1), whenOpened)).cause, HasSubstr("not both ends"));
  EXPECT_TRUE(tickets.admit(key, whenOpened));
  EXPECT_THAT(refusalOf(tickets.activate(session(1), whenOpened)).cause, HasSubstr("not both ends"));
  EXPECT_TRUE(tickets.admit(key, whenOpened));
  EXPECT_FALSE(tickets.admit(key, whenOpened));
  EXPECT_EQ(tickets.activate(session(1), whenOpened).value(), key);
  EXPECT_THAT(refusalOf(tickets.activate(session(1), whenOpened)).cause, HasSubstr("active already"));
}

TEST(Tickets, nobodyIsLetInWithoutOne) {
  Tickets tickets({});
  tickets.open(session(1), whenOpened).value();
  EXPECT_FALSE(tickets.admit(session(2).hash(), whenOpened));
  EXPECT_FALSE(tickets.admit("", whenOpened));
  EXPECT_THAT(refusalOf(tickets.activate(session(2), whenOpened)).cause, HasSubstr("no open ticket"));
}

TEST(Tickets, oneIsOverAfterItsTimeUnlessItsStreamFlows) {
  Tickets tickets({});
  const auto late = tickets.open(session(1), whenOpened).value(), flows = tickets.open(session(2), whenOpened).value();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(tickets.admit(flows, whenOpened));
  tickets.activate(session(2), whenOpened).value();
  EXPECT_THAT(tickets.endLate(whenOpened + Tickets::lifetime - 1ms), IsEmpty());
  EXPECT_FALSE(tickets.admit(late, whenOpened + Tickets::lifetime));
  EXPECT_THAT(tickets.endLate(whenOpened + Tickets::lifetime), ElementsAre(late));
  EXPECT_EQ(tickets.size(), 1u);
}

TEST(Tickets, oneThatIsOverIsNotActivated) {
  Tickets tickets({});
  const auto key = tickets.open(session(1), whenOpened).value();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(tickets.admit(key, whenOpened));
  EXPECT_THAT(refusalOf(tickets.activate(session(1), whenOpened + Tickets::lifetime)).cause,
              HasSubstr("no open ticket"));
}

TEST(Tickets, aSidIsTakenOnce) {
  Tickets tickets({});
  const auto key = tickets.open(session(1), whenOpened).value();
  EXPECT_EQ(refusalOf(tickets.open(session(1), whenOpened)).code, run::Code::invalidArgument);
  tickets.end(key);
  EXPECT_TRUE(tickets.open(session(1), whenOpened));
}

// The hash of XEP-0065 does not tell where the sid ends.
TEST(Tickets, aKeyThatTwoSessionsShareIsOfWhoAsked) {
  Tickets tickets({});
  const auto asked = session(1, "r2");
  auto other = session(1, "2");
  other.sid += "r";
  ASSERT_EQ(asked.hash(), other.hash());
  const auto key = tickets.open(asked, whenOpened).value();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(tickets.admit(key, whenOpened));
  EXPECT_THAT(refusalOf(tickets.activate(other, whenOpened)).cause, HasSubstr("no open ticket"));
  EXPECT_TRUE(tickets.activate(asked, whenOpened));
}

TEST(Tickets, aRequesterHasSoManyAndAllTogetherSoMany) {
  Tickets tickets({.ofRequester = 2, .inAll = 3});
  const auto first = tickets.open(session(1), whenOpened).value();
  tickets.open(session(2), whenOpened).value();
  const auto refused = refusalOf(tickets.open(session(3), whenOpened));
  EXPECT_EQ(refused.code, run::Code::overloaded);
  EXPECT_THAT(refused.cause, HasSubstr("r2@x has 2 streams and tickets open, and may have 2"));
  tickets.open(session(4, "r3"), whenOpened).value();
  EXPECT_THAT(refusalOf(tickets.open(session(5, "r4"), whenOpened)).cause, HasSubstr("the relay has 3 streams open"));
  tickets.end(first);
  EXPECT_TRUE(tickets.open(session(3), whenOpened));
}

TEST(Tickets, thoseOfAnAccountEndWhicheverEndItIs) {
  Tickets tickets({});
  const auto to = tickets.open(session(1, "r2", "alice"), whenOpened).value();
  const auto from = tickets.open(session(2, "alice", "r3"), whenOpened).value();
  const auto others = tickets.open(session(3, "r2", "r3"), whenOpened).value();
  EXPECT_THAT(tickets.endOf("alice@x"), testing::UnorderedElementsAre(to, from));
  EXPECT_FALSE(tickets.admit(to, whenOpened));
  EXPECT_TRUE(tickets.admit(others, whenOpened));
}

}  // namespace
}  // namespace beckon::relay
