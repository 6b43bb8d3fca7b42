#include "xmpp/client_protocol.hpp"

#include "tests/xmpp/base64.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace beckon::xmpp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::string clientHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' "
    "version='1.0'>";

std::string featuresWith(const std::string& inside) { return "<stream:features>" + inside + "</stream:features>"; }

const std::string tlsFeature = featuresWith("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
const std::string proceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

class ClientProtocolTest : public testing::Test {
 protected:
  std::vector<std::string> receive(std::string_view bytes) {
    protocol.receive(bytes);
    std::vector<std::string> out;
    while (auto step = protocol.next()) {
      if (const auto* send = std::get_if<ClientProtocol::Send>(&*step)) out.push_back(send->xml);
      if (std::holds_alternative<ClientProtocol::StartTls>(*step)) out.emplace_back("TLS");
      if (const auto* online = std::get_if<ClientProtocol::Online>(&*step))
        out.push_back("online " + online->self.text());
      if (const auto* came = std::get_if<ClientProtocol::Stanza>(&*step)) out.push_back("stanza " + came->stanza.name);
      if (const auto* refusal = std::get_if<ClientProtocol::Refusal>(&*step)) out.push_back("refuse " + refusal->xml);
      if (std::holds_alternative<ClientProtocol::Closed>(*step)) out.emplace_back("closed");
      if (const auto* end = std::get_if<ClientProtocol::End>(&*step)) {
        error = end->why;
        out.push_back("end " + std::string(run::codeText(error.code)));
      }
    }
    return out;
  }

  // By the numbers of RFC 7677 section 3.
  void goOnline() {
    protocol.begin(true);
    receive(clientHeader +
            featuresWith("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>"
                         "</mechanisms>"));
    receive("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
            base64("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") +
            "</challenge>");
    const auto again = receive("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
                               base64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") + "</success>");
    ASSERT_THAT(again, ElementsAre(HasSubstr("<stream:stream")));
    receive(clientHeader + featuresWith("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
    const auto bound = receive(
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user@robots.test/gateway</jid>"
        "</bind></iq>");
    ASSERT_THAT(bound, ElementsAre("online user@robots.test/gateway"));
  }

  ClientProtocol protocol{
      {*Jid::parse("user@robots.test"), "gateway", "pencil", Scram::Hash::sha256, "rOprNGfwEbeRWgbNEkqO"}, 100'000};
  run::Error error;
};

TEST_F(ClientProtocolTest, asksForTlsAndBeginsAnew) {
  EXPECT_THAT(protocol.begin(false), HasSubstr("to='robots.test' version='1.0'"));
  EXPECT_THAT(receive(clientHeader + tlsFeature), ElementsAre(HasSubstr("<starttls")));
  EXPECT_THAT(receive(proceed), ElementsAre("TLS"));
  EXPECT_THAT(protocol.begin(true), StartsWith("<?xml"));
  EXPECT_EQ(protocol.awaited(), "the TLS handshake");
  EXPECT_FALSE(protocol.online());
}

TEST_F(ClientProtocolTest, takesNothingForSecuredThatCameUnencrypted) {
  protocol.begin(false);
  receive(clientHeader + tlsFeature);
  EXPECT_THAT(receive(proceed + "<stream:features/>"), ElementsAre("end protocol-error"));
  EXPECT_THAT(error.cause, HasSubstr("unencrypted"));
}

TEST_F(ClientProtocolTest, forgetsHalfAnElementThatCameUnencrypted) {
  protocol.begin(false);
  receive(clientHeader + tlsFeature);
  EXPECT_THAT(receive(proceed + "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"),
              ElementsAre("TLS"));
  protocol.begin(true);
  EXPECT_THAT(receive("<mechanism>PLAIN</mechanism></mechanisms></stream:features>"),
              ElementsAre("end protocol-error"));
}

TEST_F(ClientProtocolTest, goesOnlineAndGivesStanzas) {
  goOnline();
  EXPECT_TRUE(protocol.online());
  EXPECT_THAT(receive("<message/><iq type='get' id='1'/></stream:stream>"),
              ElementsAre("stanza message", "stanza iq", "closed"));
  EXPECT_THAT(receive("<message/>"), ElementsAre());
}

TEST_F(ClientProtocolTest, saysWhatAStreamErrorMeans) {
  goOnline();
  EXPECT_THAT(receive("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"),
              ElementsAre("end connection-lost"));
  EXPECT_THAT(error.nextStep, HasSubstr("same account"));
}

TEST_F(ClientProtocolTest, takesLargeStanzasOnceTheServerHasProvenItself) {
  goOnline();
  const std::string text(ClientProtocol::largestBeforeLogin + 1000, 'x');
  EXPECT_THAT(receive("<message>" + text + "</message>"), ElementsAre("stanza message"));
  EXPECT_THAT(
      receive("<iq type='get' id='7' from='a@b/c'><q xmlns='x'>" + text + text + "</q></iq>"),
      ElementsAre(testing::AllOf(StartsWith("refuse <iq id='7' to='a@b/c' type='error'>"), HasSubstr("too-large"))));
}

TEST_F(ClientProtocolTest, givesAServerThatHasProvenNothingLittleRoom) {
  protocol.begin(true);
  const auto large = featuresWith("<x>" + std::string(ClientProtocol::largestBeforeLogin + 1000, 'x') + "</x>");
  EXPECT_THAT(receive(clientHeader + large), ElementsAre("end protocol-error"));
}

}  // namespace
}  // namespace beckon::xmpp
