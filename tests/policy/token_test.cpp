#include "policy/token.hpp"

#include <gtest/gtest.h>

#include <set>

namespace beckon::policy {
namespace {

using std::chrono::hours;

TokenSecret secretOf(std::uint8_t byte) {
  TokenSecret out;
  out.fill(byte);
  return out;
}

TEST(TokenText, isThePrefixAndSecretAndCheckInBase32) {
  // Computed with Python's base64 and hashlib.
  EXPECT_EQ(tokenText(secretOf(1)), "bkn_aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaxftlo");
  EXPECT_EQ(tokenText(secretOf(2)), "bkn_aibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibhlb33");
}

TEST(TokenText, isNeverTheSameTwice) {
  std::set<std::string> made;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(made.insert(randomTokenText()).second);
  for (const auto& text : made) EXPECT_TRUE(tokenHash(text)) << text;
}

TEST(TokenText, thatWasCutOrMistypedIsNone) {
  const auto text = tokenText(secretOf(77));
  ASSERT_TRUE(tokenHash(text));
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(tokenHash(text.substr(0, size)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'a', 'b', '7', 'A', '1', ' ', '\0'}) {
      auto wrong = text;
      wrong[i] = other;
      EXPECT_EQ(tokenHash(wrong).has_value(), wrong == text) << i << other;
    }
    if (i == 0 || text[i] == text[i - 1]) continue;
    auto swapped = text;
    std::swap(swapped[i], swapped[i - 1]);
    EXPECT_FALSE(tokenHash(swapped)) << i;
  }
  for (const auto& wrong : {text + "a", text + "\n", " " + text, std::string(), std::string("bkn_"), text + text})
    EXPECT_FALSE(tokenHash(wrong)) << wrong;
}

TEST(TokenHash, isSha256OfTheText) {
  const auto hash = tokenHash(tokenText(secretOf(1))).value();
  // Of Python's hashlib.
  EXPECT_EQ(hash[0], 0xa4);
  EXPECT_EQ(hash[31], 0x2);
}

TEST(TokenName, isWhatAPrincipalCanHold) {
  for (const char* name : {"a", "tablet", "Desk-2", "a.b_c", "0"}) EXPECT_TRUE(isTokenName(name)) << name;
  EXPECT_TRUE(isTokenName(std::string(64, 'x')));
  EXPECT_FALSE(isTokenName(std::string(65, 'x')));
  for (const char* name : {"", "*", "a b", "a:b", "a/b", "\n", "t\xc3\xa9", "a\"b", "bkn_x"})
    EXPECT_FALSE(isTokenName(name)) << name;
}

// The clock at which tokens were made and are judged.
const WallTime whenMade = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);

Token token(std::optional<WallTime> end = {}, std::optional<WallTime> revoked = {}) {
  return {1, "tablet", "operator", {}, whenMade, end, revoked};
}

TEST(TokenState, endsAtTheSecondOfItsEnd) {
  const auto end = whenMade + hours(1);
  EXPECT_EQ(stateOf(token(end), end - std::chrono::seconds(1)), TokenState::valid);
  EXPECT_EQ(stateOf(token(end), end), TokenState::expired);
}

TEST(TokenState, isRevokedWhateverTheClockSays) {
  for (const auto time : {WallTime(), whenMade, whenMade + hours(100000)}) {
    EXPECT_EQ(stateOf(token({}, whenMade), time), TokenState::revoked);
    EXPECT_EQ(stateOf(token(whenMade + hours(1), whenMade), time), TokenState::revoked);
  }
}

TEST(TokenState, cannotBeJudgedByAClockThatStandsAt1970) {
  EXPECT_EQ(stateOf(token(whenMade + hours(1)), WallTime()), TokenState::clockNotSet);
  EXPECT_EQ(stateOf(token(whenMade + hours(1)), earliestClock - std::chrono::seconds(1)), TokenState::clockNotSet);
  EXPECT_EQ(stateOf(token(whenMade + hours(1)), earliestClock), TokenState::valid);
  EXPECT_EQ(stateOf(token(), WallTime()), TokenState::valid);  // without an end there is nothing to judge
}

// The robot's clock is the only one that there is: what is wrong with it is wrong with the end.
TEST(TokenState, isWrongByAsMuchAsTheRobotsClock) {
  const auto end = whenMade + hours(24);
  EXPECT_EQ(stateOf(token(end), end + hours(1)), TokenState::expired);                           // an hour fast
  EXPECT_EQ(stateOf(token(end), end + std::chrono::minutes(59) - hours(1)), TokenState::valid);  // an hour slow
}

}  // namespace
}  // namespace beckon::policy
