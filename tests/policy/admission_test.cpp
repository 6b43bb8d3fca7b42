#include "policy/admission.hpp"

#include "tests/policy/store.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::policy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::today;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* knownKey = "SHA256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest()
      : writer(store.open()),
        live(io.get_executor(), store.open(), run::silentLog(), [] { return today; }),
        admission(
            live, [](const std::string& principal) { return principal == std::string("key:") + knownKey; },
            run::silentLog(), [this] { return now; }),
        token(writer.create("tablet", "operator", hours(1), today).value().text) {}
  run::Result<Admitted> byToken(const std::string& text, const std::string& address = "10.0.0.1") {
    return admission.admit({.token = text, .key = {}, .address = address});
  }

  test::Store store;
  boost::asio::io_context io;
  Guesses::Time now{seconds(1000)};
  Tokens writer;
  LiveTokens live;
  Admission admission;
  const std::string token;
};

TEST_F(AdmissionTest, knowsTheHolderOfATokenByItsNameAndRole) {
  const auto admitted = byToken(token);
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->principal, "token:tablet");
  EXPECT_THAT(admitted->roles, ElementsAre("operator"));
  EXPECT_TRUE(live.isGood(admitted->token));
}

TEST_F(AdmissionTest, refusesWhoShowsNothing) {
  const auto refused = admission.admit({.token = {}, .key = {}, .address = "10.0.0.1"});
  EXPECT_EQ(refused.error().code, run::Code::notAuthenticated);
  EXPECT_EQ(refused.error().cause, "missing token");
}

TEST_F(AdmissionTest, refusesAKeyThatThePolicyDoesNotKnow) {
  const auto admitted = admission.admit({.token = {}, .key = knownKey, .address = "10.0.0.1"});
  ASSERT_TRUE(admitted);
  EXPECT_EQ(admitted->principal, std::string("key:") + knownKey);
  EXPECT_TRUE(admitted->roles.empty());
  EXPECT_EQ(admitted->token, 0);
  const auto refused = admission.admit({.token = {}, .key = "SHA256:ff", .address = "10.0.0.1"});
  EXPECT_EQ(refused.error().code, run::Code::notAuthenticated);
}

TEST_F(AdmissionTest, neverTakesAKeyInPlaceOfABadToken) {
  const auto refused = admission.admit({.token = "bkn_guess", .key = knownKey, .address = "10.0.0.1"});
  EXPECT_EQ(refused.error().cause, "bad token");
}

TEST_F(AdmissionTest, refusesATokenThatHasEndedWithTheReason) {
  writer.revoke("tablet", today).value();
  EXPECT_EQ(byToken(token).error().cause, "the token was revoked");
}

TEST_F(AdmissionTest, letsAnAddressWaitThatHasGuessedFiveTimes) {
  for (int i = 0; i < Guesses::atOnce; ++i) EXPECT_EQ(byToken(randomTokenText()).error().cause, "bad token");
  const auto refused = byToken(token);  // a right one too, else guessing would go on
  EXPECT_EQ(refused.error().code, run::Code::overloaded);
  EXPECT_THAT(refused.error().cause, HasSubstr("try again in 10 s"));
  EXPECT_TRUE(byToken(token, "10.0.0.2"));
  now += Guesses::perGuess;
  EXPECT_TRUE(byToken(token));
}

TEST_F(AdmissionTest, holdsAnEndedTokenAgainstNobody) {
  writer.revoke("tablet", today).value();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(byToken(token).error().cause, "the token was revoked");
  const auto another = writer.create("desk", "operator", {}, today).value().text;
  EXPECT_TRUE(byToken(another));
}

TEST_F(AdmissionTest, holdsMissingCredentialsAgainstNobody) {
  for (int i = 0; i < 100; ++i) admission.admit({.token = {}, .key = {}, .address = "10.0.0.1"}).has_value();
  EXPECT_TRUE(byToken(token));
}

}  // namespace
}  // namespace beckon::policy
