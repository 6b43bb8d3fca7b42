#include "fleet/code.hpp"

#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace beckon::fleet {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string secret = "AAECAwQFBgcICQoLDA0ODw";
const std::string pinText = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const std::string pin = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

Code read(const std::string& text) { return Code::parse(text).value(); }

TEST(Code, saysWhereToAndWhatFor) {
  const auto code = read("relay.robots.example:5443/home/robot/" + secret);
  EXPECT_EQ(code.place().host, "relay.robots.example");
  EXPECT_EQ(code.place().port, 5443);
  EXPECT_EQ(code.place().fleet, "home");
  EXPECT_EQ(code.place().kind, Kind::robot);
  EXPECT_EQ(code.place().pin, "");
  EXPECT_EQ(read("[2001:db8::1]:1/a/owner/" + secret + "/" + pinText).place().pin, pin);
}

TEST(Code, isReadAsItIsWritten) {
  for (const std::string& text :
       {"relay.robots.example:5443/home/robot/" + secret,
        "relay.robots.example:5443/home/robot/" + secret + "/" + pinText, "192.0.2.1:65535/home/person/" + secret,
        "[2001:db8::1]:5443/home/owner/" + secret, "[::1]:1/h/robot/" + secret + "/" + pinText,
        std::string("a:1/h/robot/AAAAAAAAAAAAAAAAAAAAAA")})
    EXPECT_EQ(read(text).text(), text);
}

TEST(Code, madeOfAPlaceIsReadWithItAgain) {
  for (const std::string host : {"relay.robots.example", "192.0.2.1", "[::1]"})
    for (const auto& pinned : {std::string(), pin})
      for (const auto kind : {Kind::owner, Kind::person, Kind::robot}) {
        const auto made = Code::make({host, 5443, "home", kind, pinned});
        const auto again = read(made.text());
        EXPECT_EQ(again.place().host, host);
        EXPECT_EQ(again.place().port, 5443);
        EXPECT_EQ(again.place().fleet, "home");
        EXPECT_EQ(again.place().kind, kind);
        EXPECT_EQ(again.place().pin, pinned);
        EXPECT_EQ(again.ticket(), made.ticket());
      }
}

TEST(Code, isNewEachTime) {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.insert(Code::make({"a", 1, "home", Kind::robot, ""}).text());
  EXPECT_EQ(texts.size(), 100u);
}

TEST(Code, refusesWhatIsNoneWithoutRepeatingIt) {
  const std::string place = "relay.robots.example:5443";
  for (const auto& text : {
           std::string(),
           secret,
           place + "/home/robot",
           place + "/home/" + secret,
           place + "/home/robot/" + secret + "/",
           place + "/home/robot/" + secret + "/" + pinText + "/x",
           place + "/home/robot/" + secret + "/" + pin,
           place + "/home/robot/" + secret + "/" + pinText.substr(1),
           place + "/home/robot/" + secret + "A",
           place + "/home/robot/" + secret.substr(1),
           place + "/home/robot/" + secret.substr(1) + "h",
           place + "/home/robot/" + secret + " ",
           place + "/home/robot/" + secret + "\n",
           " " + place + "/home/robot/" + secret,
           place + "/home/Robot/" + secret,
           place + "/home//" + secret,
           place + "//robot/" + secret,
           place + "/Home/robot/" + secret,
           place + "/ho me/robot/" + secret,
           "https://" + place + "/home/robot/" + secret,
           "relay.robots.example/home/robot/" + secret,
           "relay.robots.example:/home/robot/" + secret,
           ":5443/home/robot/" + secret,
           "relay.robots.example:0/home/robot/" + secret,
           "relay.robots.example:65536/home/robot/" + secret,
           "relay.robots.example:-1/home/robot/" + secret,
           "relay.robots.example:+1/home/robot/" + secret,
           "relay.robots.example:5443x/home/robot/" + secret,
           "relay.robots.example: 5443/home/robot/" + secret,
           "someone@relay.robots.example:5443/home/robot/" + secret,
           "[]:5443/home/robot/" + secret,
           "[::1:5443/home/robot/" + secret,
           "::1]:5443/home/robot/" + secret,
           // Which of its colons is that of the port?
           "2001:db8::1:5443/home/robot/" + secret,
           std::string(256, 'a') + ":5443/home/robot/" + secret,
       }) {
    const auto code = Code::parse(text);
    ASSERT_FALSE(code) << text;
    EXPECT_EQ(code.error().code, run::Code::invalidArgument);
    EXPECT_EQ(code.error().cause, "this is not an enrolment code");
    EXPECT_THAT(code.error().nextStep, HasSubstr("it looks like relay."));
    if (!text.empty()) {
      EXPECT_THAT(code.error().nextStep, Not(HasSubstr(text)));
    }
  }
}

// Each secret is one of this code alone, whatever else is the same; and no one is another.
TEST(Code, itsSecretsDependOnEachBitOfIt) {
  const std::string place = "relay.robots.example:5443/home/robot/";
  const Claim claim{Kind::robot, "home", "r2", "id", {}};
  std::set<Bytes32> all;
  const auto add = [&](const Code& code) {
    all.insert(code.ticket());
    all.insert(Code::hashOf(code.ticket()));
    all.insert(code.proofOf(claim));
    all.insert(code.introductionOf("owner@x", {}));
  };
  add(read(place + "AAAAAAAAAAAAAAAAAAAAAA"));
  for (std::size_t bit = 0; bit < 128; ++bit) {
    std::array<std::uint8_t, 16> bits{};
    bits[bit / 8] = static_cast<std::uint8_t>(1 << (bit % 8));
    add(read(place + run::base64url(bits)));
  }
  EXPECT_EQ(all.size(), 4 * 129u);
}

TEST(Code, itsProofIsOfEachFieldOfTheClaim) {
  const auto code = read("relay.robots.example:5443/home/robot/" + secret);
  const Claim claim{Kind::robot, "home", "r2", r2Id, test::keyNumber(2).publicKey()};
  EXPECT_EQ(code.proofOf(claim), code.proofOf(claim));
  const auto changed = [&](auto change) {
    auto other = claim;
    change(other);
    return code.proofOf(other);
  };
  std::set<Bytes32> proofs{code.proofOf(claim)};
  proofs.insert(changed([](Claim& other) { other.kind = Kind::person; }));
  proofs.insert(changed([](Claim& other) { other.fleet = "hom"; }));
  proofs.insert(changed([](Claim& other) { other.name = "r3"; }));
  proofs.insert(changed([](Claim& other) { other.id.back() = '1'; }));
  for (std::size_t at = 0; at < claim.key.size(); ++at)
    proofs.insert(changed([&](Claim& other) { other.key[at] ^= 1; }));
  EXPECT_EQ(proofs.size(), 5 + claim.key.size());
  // What is cut elsewhere is another claim.
  EXPECT_NE(changed([](Claim& other) { other.fleet = "homer", other.name = "2"; }),
            changed([](Claim& other) { other.fleet = "home", other.name = "r2"; }));
}

TEST(Code, itsIntroductionIsOfFleetAccountAndKey) {
  const std::string place = "relay.robots.example:5443/";
  const auto code = read(place + "home/robot/" + secret);
  auto key = test::keyNumber(1).publicKey();
  std::set<Bytes32> all{code.introductionOf("owner@x", key)};
  all.insert(code.introductionOf("owner@y", key));
  all.insert(read(place + "work/robot/" + secret).introductionOf("owner@x", key));
  key[31] ^= 1;
  all.insert(code.introductionOf("owner@x", key));
  EXPECT_EQ(all.size(), 4u);
  // Where it leads to is not of it: who has the code knows by whom it was made, by whatever way he comes.
  key[31] ^= 1;
  EXPECT_EQ(read("elsewhere:1/home/robot/" + secret).introductionOf("owner@x", key),
            code.introductionOf("owner@x", key));
}

TEST(Bytes32, areTheSameOnlyWhereEachIs) {
  Bytes32 a{}, b{};
  EXPECT_TRUE(sameBytes(a, b));
  for (auto& byte : b) {
    byte = 0x80;
    EXPECT_FALSE(sameBytes(a, b));
    byte = 0;
  }
}

TEST(Host, isANameOrAnAddress) {
  for (const std::string host : {"a", "relay.robots.example", "my-relay", "192.0.2.1", "[::1]", "[2001:db8::1]"})
    EXPECT_TRUE(isHost(host)) << host;
  for (const std::string host :
       {"", "[]", "[::1", "::1]", "::1", "a:1", "a b", "a/b", "a_b", "a@b", "[a b]", "n\xc3\xa4o"})
    EXPECT_FALSE(isHost(host)) << host;
}

}  // namespace
}  // namespace beckon::fleet
