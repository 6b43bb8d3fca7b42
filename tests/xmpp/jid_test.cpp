#include "xmpp/jid.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

TEST(Jid, hasThreeParts) {
  const auto jid = Jid::parse("Robot@Robots.Test/Gate Way/1@2");
  ASSERT_TRUE(jid);
  EXPECT_EQ(jid->node(), "robot");
  EXPECT_EQ(jid->domain(), "robots.test");
  EXPECT_EQ(jid->resource(), "Gate Way/1@2");
  EXPECT_EQ(jid->text(), "robot@robots.test/Gate Way/1@2");
  EXPECT_EQ(jid->bare().text(), "robot@robots.test");
  EXPECT_EQ(jid->server().text(), "robots.test");
  EXPECT_FALSE(jid->isBare());
  EXPECT_TRUE(jid->bare().isBare());
}

TEST(Jid, isComparedWithoutCaseExceptForTheResource) {
  EXPECT_EQ(*Jid::parse("A@B"), *Jid::parse("a@b."));
  EXPECT_NE(*Jid::parse("a@b/R"), *Jid::parse("a@b/r"));
}

TEST(Jid, ofAServerHasNoNode) {
  EXPECT_EQ(Jid::parse("robots.test")->node(), "");
  EXPECT_EQ(Jid::parse("robots.test/admin")->resource(), "admin");
  EXPECT_EQ(Jid::parse("a@[::1]")->domain(), "[::1]");
  EXPECT_EQ(Jid::parse("müller@bücher.example")->node(), "müller");
}

TEST(Jid, sendsAwayWhatIsNone) {
  for (const std::string text : {"", "@", "@b", "a@", "a@b/", "/r", "a b@c", "a@b@c", "a@b c", "a'@b", "<a>@b", "a:@b",
                                 "a@b..c", "a@.b", "a@b\n", "a@b/\x01"})
    EXPECT_FALSE(Jid::parse(text)) << text;
  EXPECT_FALSE(Jid::parse(std::string(1024, 'a') + "@b"));
  EXPECT_TRUE(Jid::parse(std::string(1023, 'a') + "@b"));
  EXPECT_EQ(Jid::parse("a b@c").error().code, run::Code::invalidArgument);
}

TEST(Jid, takesAResourceOnto) {
  EXPECT_EQ(Jid::parse("a@b/old")->withResource("new")->text(), "a@b/new");
  EXPECT_FALSE(Jid::parse("a@b")->withResource(""));
}

}  // namespace
}  // namespace beckon::xmpp
