#include "tests/localbus/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

// Whose certificate is believed, and what is said of one that is not.
namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using test::Authority;
using test::Leaf;
using test::OtherTls;
using test::TlsEnd;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

class TlsVerification : public testing::Test {
 protected:
  // What a client that trusts `trusted` says of a server with that certificate; nothing if it believes it.
  std::optional<run::Error> verdict(const TlsKeyPair& own, const std::string& host, bool verify = true) {
    TlsEnd client(*TlsContext::client({trusted, verify}), host);
    TlsEnd server(*TlsContext::server({own}));
    carry(client, server);
    EXPECT_EQ(client.failure.has_value(), !client.channel.isEstablished());
    serversView = server.failure;
    EXPECT_EQ(client.failure.value_or(run::Error{run::Code::badCertificate, {}, {}}).code, run::Code::badCertificate);
    return client.failure;
  }
  std::string cause(const TlsKeyPair& own, const std::string& host = "robot.example") {
    const auto error = verdict(own, host);
    return error ? error->cause : "believed";
  }

  test::TlsFiles files;
  std::filesystem::path trusted = files.path("authority.pem");
  std::optional<run::Error> serversView;
};

TEST_F(TlsVerification, believesNamesAndAddressesThatTheCertificateHolds) {
  const auto own = files.issue({"x", "DNS:robot.example,DNS:*.lan.example,IP:192.0.2.7,IP:fe80::1"});
  for (const std::string host :
       {"robot.example", "ROBOT.example", "robot.example.", "pepper.lan.example", "192.0.2.7", "fe80::1", "fe80::1%lo"})
    EXPECT_EQ(cause(own, host), "believed") << host;
  EXPECT_EQ(cause(own, "nao.robot.example"),
            "the certificate of nao.robot.example is for robot.example, *.lan.example, 192.0.2.7, fe80:0:0:0:0:0:0:1");
}

TEST_F(TlsVerification, tellsThatTheCertificateIsForAnotherHost) {
  const auto error = verdict(files.issue({"x", "DNS:other.example"}), "robot.example");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->cause, "the certificate of robot.example is for other.example");
  EXPECT_EQ(error->nextStep, "dial it by that name, or have the certificate made for robot.example");
  EXPECT_EQ(cause(files.issue({"x", "IP:192.0.2.8"}), "192.0.2.7"), "the certificate of 192.0.2.7 is for 192.0.2.8");
  EXPECT_EQ(cause(files.issue({"x", "DNS:192.0.2.7"}), "192.0.2.7"), "the certificate of 192.0.2.7 is for 192.0.2.7")
      << "a name that looks like an address is none";
  EXPECT_THAT(cause(files.issue({"x", "DNS:a,DNS:b,DNS:c,DNS:d,DNS:e,DNS:f"})),
              EndsWith("is for a, b, c, d, e and others"));
}

TEST_F(TlsVerification, doesNotTakeTheSubjectForAName) {
  const auto error = verdict(files.issue({"robot.example"}), "robot.example");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->cause, "the certificate of robot.example names no host");
  EXPECT_EQ(error->nextStep, "have it made again with robot.example in subjectAltName");
}

TEST_F(TlsVerification, doesNotRepeatControlCharactersOfAName) {
  EXPECT_EQ(cause(files.issue({"x", "DNS:a\x1b[2Jb"})), "the certificate of robot.example is for a?[2Jb");
}

TEST_F(TlsVerification, tellsWhenItExpired) {
  Leaf leaf{"x", "DNS:robot.example"};
  leaf.validUntil = -1min;
  const auto error = verdict(files.issue(leaf), "robot.example");
  ASSERT_TRUE(error);
  EXPECT_THAT(error->cause, MatchesRegex("the certificate of robot.example expired at 20..-..-.. ..:..:..Z"));
  EXPECT_EQ(error->nextStep, "renew it; check the clock of this computer too");
  ASSERT_TRUE(serversView);
  EXPECT_EQ(serversView->code, run::Code::badCertificate);
  EXPECT_EQ(serversView->cause, "the client refused the certificate that it was shown (certificate expired)");
}

TEST_F(TlsVerification, tellsWhenItBegins) {
  Leaf leaf{"x", "DNS:robot.example"};
  leaf.validFrom = 1h;
  EXPECT_THAT(cause(files.issue(leaf)),
              MatchesRegex("the certificate of robot.example is not valid before 20..-..-.. ..:..:..Z"));
}

TEST_F(TlsVerification, tellsThatTheAuthorityIsUnknown) {
  const auto own = files.issue({"x", "DNS:robot.example"});
  for (const std::string name : {"Another authority", "Beckon test authority"}) {
    Authority(name).writeCertificate(trusted);
    const auto error = verdict(own, "robot.example");
    ASSERT_TRUE(error);
    EXPECT_EQ(error->cause, "the certificate of robot.example is signed by an unknown authority");
    EXPECT_THAT(error->nextStep,
                HasSubstr("give the authority that signed it (--ca FILE, or ca_file in [bus]); for a libqi peer"));
  }
}

TEST_F(TlsVerification, trustsTheSystemsAuthoritiesOnlyUnlessToldOthers) {
  const Authority ofTheSystem("An authority of the system");
  ofTheSystem.writeCertificate(files.path("system.pem"));
  const auto own = files.pair("own");
  ofTheSystem.issue("robot.example", own.certificate, own.key);
  ASSERT_EQ(::setenv("SSL_CERT_FILE", files.path("system.pem").c_str(), 1), 0);
  EXPECT_EQ(cause(own), "the certificate of robot.example is signed by an unknown authority");
  TlsEnd client(*TlsContext::client({}), "robot.example");
  ::unsetenv("SSL_CERT_FILE");
  TlsEnd server(*TlsContext::server({own}));
  carry(client, server);
  EXPECT_TRUE(client.channel.isEstablished());

  TlsEnd other(*TlsContext::client({}), "robot.example");
  TlsEnd unknown(*TlsContext::server({files.issue({"x", "DNS:robot.example"})}));
  carry(other, unknown);
  ASSERT_TRUE(other.failure);
  EXPECT_EQ(other.failure->cause, "the certificate of robot.example is signed by an unknown authority");
}

TEST_F(TlsVerification, believesACertificateThatSignsItselfOnlyWhereItIsGivenAsTheAuthority) {
  const auto own = files.pair("own");
  Authority::signItself({"robot.example", "DNS:robot.example"}, own.certificate, own.key);
  const auto error = verdict(own, "robot.example");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->cause, "the certificate of robot.example is signed by itself");
  EXPECT_EQ(
      error->nextStep,
      "if its key is the one that the robot's owner knows (beckond prints that of its LAN door), give --pin SHA256:" +
          TlsContext::server({own})->ownKey() +
          "; else give the authority that signed it (--ca FILE, or ca_file in [bus]); for a libqi peer, give its "
          "own certificate there or allow it unverified (--insecure)");
  trusted = own.certificate;
  EXPECT_EQ(cause(own), "believed");
  EXPECT_EQ(cause(own, "nao.example"), "the certificate of nao.example is for robot.example");
}

TEST_F(TlsVerification, allowsAnyCertificateOnlyWhereToldTo) {
  const auto own = files.pair("own");
  Leaf leaf{"somebody"};
  leaf.validUntil = -1min;
  Authority::signItself(leaf, own.certificate, own.key);
  EXPECT_TRUE(verdict(own, "robot.example"));
  EXPECT_FALSE(verdict(own, "robot.example", false));
  EXPECT_FALSE(verdict(own, "", false));

  leaf.rsaBits = 1024;
  Authority::signItself(leaf, own.certificate, own.key);
  OtherTls old(true, TLS1_2_VERSION, &own);
  TlsEnd client(*TlsContext::client({.verify = false}), "robot.example");
  carry(client, old);
  EXPECT_TRUE(client.channel.isEstablished()) << client.failure.value_or(run::Error{}).cause;
}

TEST_F(TlsVerification, aClientThatVerifiesMustKnowTheHost) {
  EXPECT_THROW(TlsChannel(*TlsContext::client({trusted}), ""), std::invalid_argument);
}

TEST_F(TlsVerification, aHostThatCannotBeOneIsNeverEstablished) {
  for (const bool verify : {true, false}) {
    TlsEnd client(*TlsContext::client({trusted, verify}), std::string(300, 'x'));
    client.feed({});
    ASSERT_TRUE(client.failure);
    EXPECT_EQ(client.failure->code, run::Code::invalidArgument);
    EXPECT_FALSE(client.channel.hasOutgoing());
  }
}

TEST_F(TlsVerification, followsTheCertificatesBetweenLeafAndAuthority) {
  const Authority between("Between", &files.authority);
  const auto own = files.pair("own");
  between.issue("robot.example", own.certificate, own.key);
  EXPECT_EQ(cause(own), "the certificate of robot.example is signed by an unknown authority");
  between.writeCertificate(files.path("between.pem"));
  std::ofstream(own.certificate, std::ios::app) << files.contentOf(files.path("between.pem"));
  EXPECT_EQ(cause(own), "believed");
}

TEST_F(TlsVerification, aClientsCertificateIsNoServers) {
  EXPECT_EQ(cause(files.issue({"x", "DNS:robot.example", "clientAuth"})),
            "the certificate of robot.example is not meant for a server");
}

TEST_F(TlsVerification, tellsThatTheKeyIsTooWeak) {
  Leaf weak{"x", "DNS:robot.example"};
  weak.rsaBits = 1024;
  const auto own = files.issue(weak);
  TlsEnd client(*TlsContext::client({trusted}), "robot.example");
  OtherTls server(true, TLS1_2_VERSION, &own);
  carry(client, server);
  ASSERT_TRUE(client.failure);
  EXPECT_EQ(client.failure->code, run::Code::badCertificate);
  EXPECT_EQ(client.failure->cause, "the certificate of robot.example is too weak (EE certificate key too weak)");
}

// Both ends show a certificate (tcpsm).
class MutualTls : public TlsVerification {
 protected:
  void connect(const std::optional<TlsKeyPair>& own) {
    client.emplace(*TlsContext::client({trusted, true, own}), "robot.example");
    server.emplace(*TlsContext::server({files.issue({"x", "DNS:robot.example"}, "server"), trusted}));
    carry(*client, *server);
  }

  std::optional<TlsEnd> client, server;
};

TEST_F(MutualTls, isEstablishedWhereBothVerify) {
  connect(files.issue({"a client", "", "clientAuth"}));
  EXPECT_TRUE(client->channel.isEstablished());
  EXPECT_TRUE(server->channel.isEstablished());
  EXPECT_FALSE(client->failure);
  EXPECT_FALSE(server->failure);
}

TEST_F(MutualTls, refusesAClientWithoutACertificate) {
  connect({});
  EXPECT_FALSE(server->channel.isEstablished());
  ASSERT_TRUE(server->failure);
  EXPECT_EQ(server->failure->code, run::Code::badCertificate);
  EXPECT_EQ(server->failure->cause, "the client shows no certificate");
  EXPECT_EQ(server->failure->nextStep, "dial with a certificate and its key (tcpsm: --certificate FILE --key FILE)");
  ASSERT_TRUE(client->failure) << "told by the first read";
  EXPECT_EQ(client->failure->code, run::Code::badCertificate);
  EXPECT_EQ(client->failure->cause, "robot.example wants a certificate and was shown none");
}

TEST_F(MutualTls, refusesAClientWithoutACertificateOverTls12Too) {
  const auto own = files.issue({"x"}, "server");
  TlsEnd ours(*TlsContext::server({own, trusted}));
  OtherTls other(false, TLS1_2_VERSION);
  carry(ours, other);
  ASSERT_TRUE(ours.failure);
  EXPECT_EQ(ours.failure->cause, "the client shows no certificate");
  EXPECT_TRUE(other.failed);

  OtherTls strict(true, TLS1_2_VERSION, &own);
  SSL_set_verify(strict.ssl.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  TlsEnd mute(*TlsContext::client({.verify = false}), "robot.example");
  carry(mute, strict);
  ASSERT_TRUE(mute.failure);
  EXPECT_EQ(mute.failure->cause, "robot.example refused the TLS handshake");
  EXPECT_THAT(mute.failure->nextStep, HasSubstr("it may want a certificate"));
}

TEST_F(MutualTls, refusesAClientOfAnotherAuthority) {
  const auto own = files.pair("stranger");
  Authority("Another authority").issue(Leaf{"a client"}, own.certificate, own.key);
  connect(own);
  ASSERT_TRUE(server->failure);
  EXPECT_EQ(server->failure->cause, "the certificate of the client is signed by an unknown authority");
  EXPECT_EQ(server->failure->nextStep,
            "give the client a certificate of an authority that this server knows (--client-ca FILE)");
  ASSERT_TRUE(client->failure);
  EXPECT_EQ(client->failure->cause, "robot.example refused the certificate that it was shown (unknown CA)");
}

TEST_F(MutualTls, refusesAServersCertificateFromAClient) {
  connect(files.issue({"a client", "", "serverAuth"}));
  ASSERT_TRUE(server->failure);
  EXPECT_EQ(server->failure->cause, "the certificate of the client is not meant for a client");
}

TEST_F(MutualTls, refusesAServerOfAnotherAuthorityBeforeShowingAnything) {
  const auto own = files.issue({"a client"});
  Authority("Another authority").writeCertificate(files.path("other.pem"));
  TlsEnd dialling(*TlsContext::client({files.path("other.pem"), true, own}), "robot.example");
  TlsEnd listening(*TlsContext::server({files.issue({"x", "DNS:robot.example"}, "server"), trusted}));
  carry(dialling, listening);
  ASSERT_TRUE(dialling.failure);
  EXPECT_EQ(dialling.failure->cause, "the certificate of robot.example is signed by an unknown authority");
  EXPECT_FALSE(listening.channel.isEstablished());
}

}  // namespace
}  // namespace beckon::localbus
