#include "fleet/enrolment.hpp"

#include "core/run/base64url.hpp"
#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beckon::fleet {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class EnrolmentTest : public testing::Test {
 protected:
  EnrolmentRequest request() const { return EnrolmentRequest::make(code, "r2", r2Id, key); }
  // With one member changed.
  std::string with(const std::string& name, Json value) const {
    auto out = Json::parse(request().json());
    out[name] = std::move(value);
    return out.dump();
  }
  static void expectRefused(const std::string& text, run::Code code, const std::string& cause) {
    const auto read = EnrolmentRequest::read(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, code) << text;
    EXPECT_THAT(read.error().cause, HasSubstr(cause)) << text;
    EXPECT_FALSE(read.error().nextStep.empty());
  }
  static EnrolmentAnswer answer() {
    EnrolmentAnswer out;
    out.account = r2Account;
    out.secret = "hush";
    out.host = "xmpp.example";
    out.port = 5222;
    out.authorities = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    out.relay = "relay.robots.example";
    out.ownerAccount = "alice@robots.example";
    out.ownerKey = test::keyNumber(1).publicKey();
    out.introduction.fill(3);
    return out;
  }

  const run::PrivateKey key = test::keyNumber(2);
  const Code code = Code::parse("relay.example:5443/home/robot/3q2-7w8fT5GJ0aXhVw1zRg").value();
};

TEST_F(EnrolmentTest, asksWithWhatTheCodeGivesAndTheKeySigns) {
  const auto asked = request();
  EXPECT_EQ(asked.ticket, code.ticket());
  EXPECT_EQ(asked.claim.kind, Kind::robot);
  EXPECT_EQ(asked.claim.fleet, "home");
  EXPECT_EQ(asked.claim.name, "r2");
  EXPECT_EQ(asked.claim.id, r2Id);
  EXPECT_EQ(asked.claim.key, key.publicKey());
  EXPECT_EQ(asked.proof, code.proofOf(asked.claim));
  EXPECT_TRUE(run::isSignedBy(key.publicKey(), asked.claim.text(), asked.signature));
}

TEST_F(EnrolmentTest, aRequestIsReadAsItIsWritten) {
  const auto asked = request(), read = EnrolmentRequest::read(asked.json()).value();
  EXPECT_EQ(read.ticket, asked.ticket);
  EXPECT_EQ(read.claim.text(), asked.claim.text());
  EXPECT_EQ(read.proof, asked.proof);
  EXPECT_EQ(read.signature, asked.signature);
  EXPECT_EQ(Json::parse(asked.json()).at("version"), 1);
}

TEST_F(EnrolmentTest, theRelayIsNotShownTheCode) {
  const auto text = request().json();
  EXPECT_EQ(text.find("3q2-7w8fT5GJ0aXhVw1zRg"), std::string::npos);
  EXPECT_EQ(text.find("relay.example"), std::string::npos);
}

TEST_F(EnrolmentTest, refusesAnotherVersionWithAdvice) {
  for (const auto& [version, advice] :
       {std::pair{2, "update beckon-relay"}, std::pair{0, "update Beckon on the side"}}) {
    const auto read = EnrolmentRequest::read(with("version", version));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, run::Code::invalidConfig);
    EXPECT_EQ(read.error().cause,
              "enrolment version " + std::to_string(version) + " is not known here: this relay speaks version 1");
    EXPECT_THAT(read.error().nextStep, HasSubstr(advice));
  }
  // Of another version, nothing else is judged.
  EXPECT_EQ(EnrolmentRequest::read(R"({"version": 2, "new": []})").error().code, run::Code::invalidConfig);
}

TEST_F(EnrolmentTest, refusesARequestThatIsNone) {
  for (const std::string text :
       {"", "{", "[]", "1", "null", "{}", "\"x\"", R"({"version": 1})", "{\"version\": 1, \xff}"})
    expectRefused(text, run::Code::protocolError, "not that of an enrolment");
  for (const auto* name : {"version", "ticket", "fleet", "kind", "name", "id", "key", "proof", "signature"}) {
    auto less = Json::parse(request().json());
    less.erase(name);
    expectRefused(less.dump(), run::Code::protocolError, "not that of an enrolment");
    for (const Json& other : {Json(nullptr), Json::array(), Json(true)})
      expectRefused(with(name, other), run::Code::protocolError, "not that of an enrolment");
  }
  expectRefused(with("version", "1"), run::Code::protocolError, "not that of an enrolment");
  expectRefused(with("kind", "cat"), run::Code::protocolError, "not that of an enrolment");
  expectRefused(with("fleet", "Home"), run::Code::protocolError, "not that of an enrolment");
  expectRefused(std::string(100000, '['), run::Code::protocolError, "not that of an enrolment");
}

TEST_F(EnrolmentTest, refusesKeysAndHashesThatAreNotWhole) {
  for (const auto* name : {"ticket", "key", "proof", "signature"})
    for (const std::string text : {"", "AAAA", "****"})
      expectRefused(with(name, text), run::Code::protocolError, "is not whole");
}

TEST_F(EnrolmentTest, refusesANameThatNoAccountCanHave) {
  for (const auto* name : {"", "R2", "a b", "a@b", "-a"}) {
    expectRefused(with("name", name), run::Code::invalidArgument, "cannot be that of an account");
    EXPECT_EQ(EnrolmentRequest::read(with("name", name)).error().nextStep, "use 1 to 32 small letters, digits and '-'");
  }
}

// The signed text has a line for each field: a field with a line's end in it could stand for others.
TEST_F(EnrolmentTest, refusesAClaimWithLinesInItsFields) {
  const Claim whole{Kind::robot, "home", "r2", r2Id, key.publicKey()};
  const auto signedWith = [&](Claim claim) {
    EnrolmentRequest out{code.ticket(), claim, code.proofOf(claim), key.sign(claim.text())};
    return out.json();
  };
  ASSERT_TRUE(EnrolmentRequest::read(signedWith(whole)));
  auto claim = whole;
  claim.id = r2Id + "\n";
  expectRefused(signedWith(claim), run::Code::protocolError, "the id is not a UUID");
  claim.id = "r3\n" + r2Id.substr(3);
  expectRefused(signedWith(claim), run::Code::protocolError, "the id is not a UUID");
  claim = whole;
  claim.name = "r2\nr3";
  expectRefused(signedWith(claim), run::Code::invalidArgument, "the name");
  claim = whole;
  claim.fleet = "home\nr3";
  expectRefused(signedWith(claim), run::Code::protocolError, "not that of an enrolment");
}

TEST_F(EnrolmentTest, refusesAnIdThatIsNoUuid) {
  for (const auto& other : {std::string(), r2Id + "0", r2Id.substr(1), std::string("0C7B2F6E") + r2Id.substr(8)})
    expectRefused(with("id", other), run::Code::protocolError, "the id is not a UUID in small letters");
}

TEST_F(EnrolmentTest, refusesAClaimThatItsOwnKeyHasNotSigned) {
  const std::string why = "the enrolment of r2 is not signed by its own key";
  expectRefused(with("key", run::base64url(test::keyNumber(3).publicKey())), run::Code::badStatement, why);
  expectRefused(with("kind", "person"), run::Code::badStatement, why);
  expectRefused(with("fleet", "work"), run::Code::badStatement, why);
  expectRefused(with("id", "1" + r2Id.substr(1)), run::Code::badStatement, why);
  auto signature = request().signature;
  signature[0] ^= 1;
  expectRefused(with("signature", run::base64url(signature)), run::Code::badStatement, why);
}

TEST_F(EnrolmentTest, anAnswerIsReadAsItIsWritten) {
  for (const auto& out : {answer(), [] {
                            auto bare = answer();
                            bare.host = bare.authorities = "";
                            bare.port = 0;
                            return bare;
                          }()}) {
    const auto read = EnrolmentAnswer::read(out.json()).value();
    EXPECT_EQ(read.account, out.account);
    EXPECT_EQ(read.secret, out.secret);
    EXPECT_EQ(read.host, out.host);
    EXPECT_EQ(read.port, out.port);
    EXPECT_EQ(read.authorities, out.authorities);
    EXPECT_EQ(read.relay, out.relay);
    EXPECT_EQ(read.ownerAccount, out.ownerAccount);
    EXPECT_EQ(read.ownerKey, out.ownerKey);
    EXPECT_EQ(read.introduction, out.introduction);
  }
}

TEST_F(EnrolmentTest, anAnswerIsWrittenWhateverCommentsTheAuthoritiesHave) {
  auto out = answer();
  out.authorities = "# Autorit\xe9\n" + out.authorities;  // ISO 8859-1
  EXPECT_THAT(EnrolmentAnswer::read(out.json()).value().authorities, HasSubstr(answer().authorities));
}

TEST_F(EnrolmentTest, refusesAnAnswerThatIsNone) {
  const auto expectNone = [](const std::string& text) {
    const auto read = EnrolmentAnswer::read(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, run::Code::protocolError);
    EXPECT_EQ(read.error().cause, "the relay's answer is not that to an enrolment");
  };
  for (const std::string text : {"", "{}", "[1]", "<html>", "{\"account\": 1}"}) expectNone(text);
  for (const auto* name :
       {"account", "secret", "host", "port", "authorities", "relay", "ownerAccount", "ownerKey", "introduction"}) {
    auto other = Json::parse(answer().json());
    other.erase(name);
    expectNone(other.dump());
    other[name] = Json::array();
    expectNone(other.dump());
  }
  const std::pair<const char*, Json> wrong[] = {{"port", 65536},  {"port", -1},       {"port", "5222"},
                                                {"port", 1.5},    {"account", ""},    {"secret", ""},
                                                {"ownerKey", ""}, {"ownerKey", "AA"}, {"introduction", "AAAA"}};
  for (const auto& [name, value] : wrong) {
    auto other = Json::parse(answer().json());
    other[name] = value;
    expectNone(other.dump());
  }
}

TEST_F(EnrolmentTest, anErrorIsReadAsItIsWritten) {
  const run::Error error{run::Code::badCode, "the code was used already", "ask for a new one"};
  const auto read = readError(errorJson(error));
  EXPECT_EQ(read.code, error.code);
  EXPECT_EQ(read.cause, error.cause);
  EXPECT_EQ(read.nextStep, error.nextStep);
  EXPECT_EQ(readError(errorJson({run::Code::refused, "\xff", ""})).cause, "\xef\xbf\xbd") << "it can always be told";
}

TEST_F(EnrolmentTest, tellsOfAnErrorThatCannotBeRead) {
  for (const std::string text : {"", "{}", "[]", "502 Bad Gateway", R"({"error": 1})", R"({"error": {"code": 1}})",
                                 R"({"error": {"cause": "x"}})"}) {
    const auto read = readError(text);
    EXPECT_EQ(read.code, run::Code::protocolError) << text;
    EXPECT_THAT(read.cause, HasSubstr("did not say why"));
  }
  EXPECT_EQ(readError(R"({"error": {"code": "new-one", "cause": "because"}})").cause, "because");
}

}  // namespace
}  // namespace beckon::fleet
