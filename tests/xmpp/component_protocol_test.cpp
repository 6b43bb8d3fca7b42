#include "xmpp/component_protocol.hpp"

#include "xmpp/stanza_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace beckon::xmpp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view componentHeader =
    "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='3BF96D32'>";

class ComponentProtocolTest : public testing::Test {
 protected:
  std::vector<std::string> receive(std::string_view bytes) {
    protocol.receive(bytes);
    std::vector<std::string> out;
    while (const auto step = protocol.next()) {
      if (const auto* send = std::get_if<ComponentProtocol::Send>(&*step)) out.push_back("send " + send->xml);
      if (std::holds_alternative<ComponentProtocol::Online>(*step)) out.emplace_back("online");
      if (std::holds_alternative<ComponentProtocol::Closed>(*step)) out.emplace_back("closed");
      if (const auto* came = std::get_if<ComponentProtocol::Stanza>(&*step)) {
        stanza = came->stanza;
        out.push_back("stanza " + stanza.name);
      }
      if (const auto* refusal = std::get_if<ComponentProtocol::Refusal>(&*step))
        out.push_back("refuse " + refusal->xml);
      if (const auto* end = std::get_if<ComponentProtocol::End>(&*step)) {
        error = end->why;
        out.push_back("end " + std::string(run::codeText(error.code)));
      }
    }
    return out;
  }

  void goOnline() {
    ASSERT_THAT(receive(std::string(componentHeader) + "<handshake/>"), ElementsAre(StartsWith("send"), "online"));
  }

  ComponentProtocol protocol{*Jid::parse("relay.x"), "secret", 1000};
  Element stanza;
  run::Error error;
};

TEST_F(ComponentProtocolTest, provesThatItKnowsTheSecretWithoutShowingIt) {
  EXPECT_EQ(protocol.begin(false),
            "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' to='relay.x' "
            "xmlns:stream='http://etherx.jabber.org/streams'>");
  EXPECT_EQ(protocol.awaited(), "the server's stream header");
  // sha1sum of 3BF96D32secret
  EXPECT_THAT(receive(componentHeader),
              ElementsAre("send <handshake>b09ea9b3b7f586be8a08d0a3dd7466f110aeb136</handshake>"));
  EXPECT_EQ(protocol.awaited(), "the answer to the secret");
  EXPECT_FALSE(protocol.online());
  EXPECT_THAT(receive("<handshake/>"), ElementsAre("online"));
}

TEST_F(ComponentProtocolTest, givesStanzasAsAClientHasThem) {
  goOnline();
  receive("<iq type='get'><query xmlns='urn:x'><message xmlns='jabber:component:accept'/></query><error/></iq>");
  EXPECT_TRUE(stanza.is("iq", ns::client));
  EXPECT_TRUE(stanza.child("error", ns::client));
  EXPECT_EQ(stanza.children[1].xmlns, ns::client);
  EXPECT_TRUE(stanza.child("query", "urn:x")->child("message", ns::client));
}

TEST_F(ComponentProtocolTest, endsWhenTheServerDoes) {
  goOnline();
  EXPECT_THAT(receive("</stream:stream>"), ElementsAre("closed"));
  EXPECT_THAT(receive("<iq/>"), ElementsAre());
}

struct Meaning {
  const char* condition;
  run::Code code;
  const char* nextStep;
};

class ComponentStreamError : public ComponentProtocolTest, public testing::WithParamInterface<Meaning> {};

TEST_P(ComponentStreamError, saysWhatItMeans) {
  receive(std::string(componentHeader) + "<stream:error><" + GetParam().condition +
          " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
  EXPECT_EQ(error.code, GetParam().code) << error.cause;
  EXPECT_THAT(error.nextStep, HasSubstr(GetParam().nextStep));
  EXPECT_THAT(error.cause + error.nextStep, testing::Not(HasSubstr("account")));
}

INSTANTIATE_TEST_SUITE_P(ComponentProtocol, ComponentStreamError,
                         testing::Values(Meaning{"not-authorized", run::Code::notAuthenticated, "secret"},
                                         Meaning{"conflict", run::Code::refused, "name of its own"},
                                         Meaning{"host-unknown", run::Code::invalidConfig, "server's configuration"},
                                         Meaning{"invalid-namespace", run::Code::unreachable, "port"},
                                         Meaning{"system-shutdown", run::Code::connectionLost, "wait"},
                                         Meaning{"something-else", run::Code::connectionLost, "log"}));

class NoComponentServer : public ComponentProtocolTest, public testing::WithParamInterface<std::string> {};

TEST_P(NoComponentServer, isAProtocolError) {
  receive(GetParam());
  EXPECT_EQ(error.code, run::Code::protocolError) << error.cause;
  EXPECT_THAT(error.nextStep, HasSubstr("port"));
}

INSTANTIATE_TEST_SUITE_P(
    ComponentProtocol, NoComponentServer,
    testing::Values("HTTP/1.1 400 Bad Request", "<html>", "<stream id='1'>",
                    "<stream xmlns='http://etherx.jabber.org/streams'><handshake xmlns='jabber:component:accept'/>",
                    std::string(componentHeader) + "<message/>",
                    std::string(componentHeader) + "<handshake xmlns='x'/>",
                    std::string(componentHeader) + "<iq>" + std::string(2000, 'x') + "</iq><iq/>",
                    std::string(componentHeader) + "<handshake/><!-- -->"));

TEST_F(ComponentProtocolTest, answersARequestThatIsTooLarge) {
  goOnline();
  const auto large = ">" + std::string(2000, 'x') + "</iq>";
  const auto steps = receive("<iq type='set' id='7' from='a@b/c' to='r@relay.x'" + large);
  EXPECT_THAT(steps, ElementsAre(testing::AllOf(
                         StartsWith("refuse <iq from='r@relay.x' id='7' to='a@b/c' type='error'><error type='modify'>"),
                         HasSubstr("too-large"))));
  for (const std::string type : {"error", "other", ""})
    EXPECT_THAT(receive("<iq type='" + type + "' id='7' from='a@b/c' to='r@relay.x'" + large), ElementsAre("refuse "));
  EXPECT_THAT(receive("<message type='set'>" + std::string(2000, 'x') + "</message>"), ElementsAre("refuse "));
}

TEST_F(ComponentProtocolTest, givesAnAnswerThatIsTooLargeAsAnError) {
  goOnline();
  EXPECT_THAT(receive("<iq type='result' id='7' from='a@b/c'><x>" + std::string(2000, 'x') + "</x></iq>"),
              ElementsAre("stanza iq"));
  EXPECT_EQ(stanza.attribute("id"), "7");
  EXPECT_EQ(stanza.attribute("from"), "a@b/c");
  EXPECT_EQ(stanza.attribute("type"), "error");
  EXPECT_EQ(StanzaError::read(stanza).toError().code, run::Code::tooLarge);
}

}  // namespace
}  // namespace beckon::xmpp
