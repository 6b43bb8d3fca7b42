#include "core/run/base64url.hpp"
#include "fleet/code.hpp"
#include "fleet/enrolment.hpp"
#include "fleet/statement.hpp"
#include "fleet/transfer.hpp"
#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gtest/gtest.h>

#include <charconv>

// What another implementation can check itself by; the same values stand in docs/protocol/fleet.md.
namespace beckon::fleet {
namespace {

std::string hex(const Bytes32& bytes) {
  std::string out;
  char two[3];
  for (const auto byte : bytes) out.append(two, static_cast<std::size_t>(std::snprintf(two, sizeof two, "%02x", byte)));
  return out;
}

class FleetVectors : public testing::Test {
 protected:
  // Seeds: 32 bytes 01, and 32 bytes 02.
  const run::PrivateKey owner = test::keyNumber(1), key = test::keyNumber(2);
  // Of 16 bytes 00 01 02 .. 0f.
  const Code code = Code::parse("relay.robots.example:5443/home/robot/AAECAwQFBgcICQoLDA0ODw").value();
  const Claim claim{Kind::robot, "home", "r2", r2Id, key.publicKey()};
};

TEST_F(FleetVectors, theKeys) {
  EXPECT_EQ(run::base64url(owner.publicKey()), "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w");
  EXPECT_EQ(run::base64url(key.publicKey()), "gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q");
}

TEST_F(FleetVectors, theSecretsOfACode) {
  EXPECT_EQ(hex(code.ticket()), "761c6578c5d19f2af7a80abd75e6200783f59fbdd10f3d3cd678727c23528c69");
  EXPECT_EQ(hex(Code::hashOf(code.ticket())), "a5b976009127e80baf2132629ba4977bd94b194782c4b8f87f871330cf0fad20");
}

TEST_F(FleetVectors, whatACodeProves) {
  EXPECT_EQ(claim.text(),
            "beckon enrolment 0\nrobot\nhome\nr2\n" + r2Id + "\n" + run::base64url(key.publicKey()) + "\n");
  EXPECT_EQ(hex(code.proofOf(claim)), "8e90a2f350e19915d33ddc3fbfe365d65555d12a324a3d0b31f1b6e906df175f");
  EXPECT_EQ(hex(code.introductionOf("alice@robots.example", owner.publicKey())),
            "014c49abcf8a4feb329142ab414b4c041a8870f5d8d6df49f29145ad630a7054");
}

TEST_F(FleetVectors, whatAKeySigns) {
  EXPECT_EQ(run::base64url(EnrolmentRequest::make(code, "r2", r2Id, key).signature),
            "nsrzBSmZYq3DtqKNNkh4MblBwBXcxOUjV0GyPVyhGVmxsEw6A6iaTHPh553KOWFlqffSlrKoc2w3PA5XIOTsCA");
  const auto statement = Statement::make(owner, "r2@robots.example", Kind::robot, key.publicKey(),
                                         WallTime(std::chrono::seconds(1800000000)));
  EXPECT_EQ(run::base64url(statement.signature),
            "_TtQlKIONS6Jp-wlWHtxJZwbxVgJzGUW7eNltqpRxZslkNvNaAvRXXhfddcYzjd492SAkEnXgxsb7dh0mHhpDw");
  const auto order =
      TransferOrder::make(owner, "r2@robots.example", "relay.other.example:5443/lab/robot/AAECAwQFBgcICQoLDA0ODw", "r2",
                          WallTime(std::chrono::seconds(1800000000)));
  EXPECT_EQ(run::base64url(order.signature),
            "oVnnaFu_jD8najHZdyPyCLsVWvzAqtg-68fmsCpsDHE9Oemha9XowlcP_JCrfKqBe7x4BuxNGCQTW5pspmofBA");
}

}  // namespace
}  // namespace beckon::fleet
