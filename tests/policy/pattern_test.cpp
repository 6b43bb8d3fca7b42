#include "policy/pattern.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace beckon::policy {
namespace {

bool matches(std::string_view pattern, std::string_view principal) {
  return PrincipalPattern::parse(pattern).value().matches(principal);
}
bool covers(std::string_view pattern, std::string_view service, std::string_view member) {
  return MemberPattern::parse(pattern).value().matches(service, member);
}
const std::string hex(64, 'a');

TEST(Glob, standsForAnyCharacters) {
  EXPECT_TRUE(Glob("get*").matches("getVolume"));
  EXPECT_TRUE(Glob("get*").matches("get"));
  EXPECT_FALSE(Glob("get*").matches("ge"));
  EXPECT_FALSE(Glob("get*").matches("forget"));
  EXPECT_TRUE(Glob("*a*b").matches("xaybab"));
  EXPECT_FALSE(Glob("*a*b").matches("ba"));
  EXPECT_TRUE(Glob("**").isAll());
  EXPECT_TRUE(Glob("").matches(""));
  EXPECT_FALSE(Glob("").matches("x"));
}

// The plain recursive definition, for short texts.
bool slowly(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') return slowly(pattern.substr(1), name) || (!name.empty() && slowly(pattern, name.substr(1)));
  return !name.empty() && name[0] == pattern[0] && slowly(pattern.substr(1), name.substr(1));
}

TEST(Glob, agreesWithThePlainDefinition) {
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  const auto text = [&](const char* letters, unsigned count, unsigned longest) {
    std::string out(random() % longest, ' ');
    for (char& c : out) c = letters[random() % count];
    return out;
  };
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto pattern = text("ab*", 3, 8), name = text("ab", 2, 10);
    ASSERT_EQ(Glob(pattern).matches(name), slowly(pattern, name)) << pattern << " " << name << " seed " << seed;
    matched += Glob(pattern).matches(name);
  }
  EXPECT_GT(matched, 1000);
}

TEST(Glob, isNotSlowWithManyStarsAndLongNames) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  const std::string name(longestName, 'a');
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(Glob(pattern + "b").matches(name));
  // The product of both lengths is two million steps: milliseconds. Trying each star again would outlive us.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(Glob, matchesNoNameThatIsTooLong) {
  EXPECT_TRUE(Glob("*").matches(std::string(longestName, 'x')));
  EXPECT_FALSE(Glob("*").matches(std::string(longestName + 1, 'x')));
}

TEST(PrincipalPattern, staysWithinOnePart) {
  EXPECT_TRUE(matches("*@lab.example.org", "alice@lab.example.org"));
  EXPECT_FALSE(matches("*@lab.example.org", "alice@example.org"));
  EXPECT_FALSE(matches("*@lab.example.org", "alice@lab.example.org.evil.org"));
  EXPECT_FALSE(matches("*@lab.example.org", "lab.example.org"));
  EXPECT_TRUE(matches("alice@*", "alice@any.where"));
  EXPECT_FALSE(matches("alice*", "alice@any.where"));  // a server
  EXPECT_TRUE(matches("token:lab-*", "token:lab-3"));
  EXPECT_FALSE(matches("token:*", "key:SHA256:" + hex));
  EXPECT_TRUE(matches("key:SHA256:*", "key:SHA256:" + hex));
  EXPECT_FALSE(matches("*@*", "token:alice@lab.example.org"));  // a token's name with an @ is no account
  EXPECT_FALSE(matches("token:a", "token:a@x"));
}

TEST(PrincipalPattern, comparesWholeNamesInLowerCase) {
  EXPECT_TRUE(matches("Alice@Example.ORG", "alice@example.org"));
  for (const char* other : {"", "alice", "alice@example.or", "alice@example.org.evil.org", "alice@example.org/phone",
                            " alice@example.org", "example.org"})
    EXPECT_FALSE(matches("alice@example.org", other)) << other;
  EXPECT_EQ(PrincipalPattern::parse("key:SHA256:" + std::string(64, 'A'))->text(), "key:SHA256:" + hex);
}

TEST(PrincipalPattern, isEverybodyAsALoneStarOnly) {
  for (const auto& who : {std::string("a@x"), std::string("token:a"), "key:SHA256:" + hex, std::string("x")})
    EXPECT_TRUE(matches("*", who)) << who;
  EXPECT_FALSE(matches("*", ""));
  EXPECT_FALSE(matches("*", std::string(longestName + 1, 'x')));
  EXPECT_FALSE(matches("*@*", "token:a"));
  EXPECT_FALSE(matches("role:x", "role:x"));
}

TEST(PrincipalPattern, refusesWhatNamesNobody) {
  for (const char* text :
       {"", "a b@x", "a@", "@x", "a@x/phone", "token:", "token:a:b", "to*:x", "*:x", "role:", "role:a*",
        "key:", "key:SHA256:", "key:SHA256:abc", "key:MD5:*", "key:SHA256:xyz*", "a@b@c", "a:b@x"}) {
    const auto parsed = PrincipalPattern::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_FALSE(parsed.error().nextStep.empty());
  }
}

TEST(MemberPattern, namesAMemberAServiceOrAll) {
  EXPECT_TRUE(covers("Motion.moveTo", "Motion", "moveTo"));
  EXPECT_FALSE(covers("Motion.moveTo", "Motion", "move"));
  EXPECT_FALSE(covers("Motion.moveTo", "ALMotion", "moveTo"));
  EXPECT_TRUE(covers("Motion.move*", "Motion", "moveTo"));
  EXPECT_TRUE(covers("Motion", "Motion", "anything"));
  EXPECT_TRUE(covers("*", "any.service", "anything"));
  EXPECT_TRUE(covers("*.ping", "any.service", "ping"));
  EXPECT_FALSE(covers("*.ping", "any.service", "pong"));
}

TEST(MemberPattern, takesTheLastDotOfAServiceWithDots) {
  EXPECT_TRUE(covers("a.b.*", "a.b", "x"));
  EXPECT_FALSE(covers("a.b", "a.b", "x"));
  EXPECT_TRUE(covers("a.b", "a", "b"));
  EXPECT_FALSE(covers("a.*", "a.b", "x"));  // a star stays within its part
}

TEST(MemberPattern, refusesWhatNamesNothing) {
  for (const char* text : {"", ".", "Motion.", ".moveTo", "Mo tion", "Motion.say::(s)"})
    EXPECT_FALSE(MemberPattern::parse(text)) << text;
}

}  // namespace
}  // namespace beckon::policy
