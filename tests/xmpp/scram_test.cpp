#include "xmpp/scram.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

TEST(Scram, followsTheExampleOfRfc5802) {
  Scram scram(Scram::Hash::sha1, "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(scram.first(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  const auto answer = scram.respond("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_TRUE(scram.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
}

TEST(Scram, followsTheExampleOfRfc7677) {
  Scram scram(Scram::Hash::sha256, "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  const auto answer =
      scram.respond("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  ASSERT_TRUE(answer);
  EXPECT_EQ(
      *answer,
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(scram.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(Scram, doesNotTrustAServerThatDoesNotKnowThePassword) {
  Scram scram(Scram::Hash::sha256, "user", "pencil", "abc");
  EXPECT_EQ(scram.verify("v=").error().code, run::Code::notAuthenticated);  // before any challenge
  ASSERT_TRUE(scram.respond("r=abcdef,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
  for (const auto* message : {"", "v=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "e=other-error"})
    EXPECT_EQ(scram.verify(message).error().code, run::Code::notAuthenticated) << message;
}

TEST(Scram, sendsAwayABrokenChallenge) {
  for (const auto* challenge :
       {"", "r=abc,s=QSXC,i=4096", "r=xyz1,s=QSXC,i=4096", "r=abc1,s=,i=4096", "r=abc1,s=!,i=4096", "r=abc1,s=QSXC",
        "r=abc1,s=QSXC,i=", "r=abc1,s=QSXC,i=4095", "r=abc1,s=QSXC,i=1000001", "r=abc1,s=QSXC,i=99999999999999",
        "m=ext,r=abc1,s=QSXC,i=4096"})
    EXPECT_EQ(Scram(Scram::Hash::sha256, "user", "pencil", "abc").respond(challenge).error().code,
              run::Code::protocolError)
        << challenge;
}

TEST(Scram, escapesTheNameOfTheUser) {
  EXPECT_EQ(Scram(Scram::Hash::sha1, "a=b,c", "x", "n").first(), "n,,n=a=3Db=2Cc,r=n");
}

TEST(Scram, takesTheStrongestMechanismAndNoneBelowTheWeakestAllowed) {
  using enum Scram::Hash;
  EXPECT_EQ(Scram::strongest({"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"}, sha1), sha256);
  EXPECT_EQ(Scram::strongest({"SCRAM-SHA-512", "SCRAM-SHA-256"}, sha1), sha512);
  EXPECT_EQ(Scram::strongest({"PLAIN", "SCRAM-SHA-1"}, sha1), sha1);
  EXPECT_EQ(Scram::strongest({"PLAIN", "DIGEST-MD5", "SCRAM-SHA-1"}, sha256), std::nullopt);
}

}  // namespace
}  // namespace beckon::xmpp
