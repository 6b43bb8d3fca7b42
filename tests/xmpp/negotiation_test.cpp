#include "xmpp/negotiation.hpp"

#include "tests/xmpp/base64.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using Action = Negotiation::Action;

Negotiation negotiation(Scram::Hash weakest = Scram::Hash::sha256) {
  return Negotiation({*Jid::parse("user@robots.test"), "gateway", "pencil", weakest, "rOprNGfwEbeRWgbNEkqO"});
}

Element emptyFeatures() { return Element("features", std::string(ns::streams)); }
Element onlyTls() { return emptyFeatures().add(Element("starttls", std::string(ns::tls))); }

Element mechanisms(std::initializer_list<const char*> names) {
  Element list("mechanisms", std::string(ns::sasl));
  for (const auto* name : names) list.add(Element("mechanism", std::string(ns::sasl), name));
  return emptyFeatures().add(list);
}

Element sasl(std::string name, std::string_view message) {
  return Element(std::move(name), std::string(ns::sasl), base64(message));
}

Element iqAnswer(std::string_view id, std::string_view type) {
  return Element("iq", std::string(ns::client)).set("id", id).set("type", type);
}

// With the numbers of RFC 7677 section 3.
const Element scramChallenge =
    sasl("challenge", "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
const Element scramSuccess = sasl("success", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");

// Up to the point where the password is asked for.
void secure(Negotiation& talk) {
  EXPECT_EQ(talk.opened(false).action, Action::wait);
  EXPECT_EQ(talk.receive(onlyTls()).element.name, "starttls");
  EXPECT_EQ(talk.receive(Element("proceed", std::string(ns::tls))).action, Action::startTls);
  EXPECT_EQ(talk.opened(true).action, Action::wait);
}

void authenticate(Negotiation& talk) {
  secure(talk);
  const auto auth = talk.receive(mechanisms({"PLAIN", "SCRAM-SHA-256"}));
  EXPECT_EQ(auth.element.attribute("mechanism"), "SCRAM-SHA-256");
  EXPECT_EQ(auth.element.text, base64("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
  EXPECT_EQ(talk.receive(scramChallenge).element.name, "response");
  EXPECT_EQ(talk.receive(scramSuccess).action, Action::reopen);
  EXPECT_EQ(talk.opened(true).action, Action::wait);
}

TEST(Negotiation, goesThroughTlsScramAndBind) {
  auto talk = negotiation();
  authenticate(talk);
  const auto bind = talk.receive(emptyFeatures().add(Element("bind", std::string(ns::bind))));
  ASSERT_TRUE(bind.element.firstChild());
  EXPECT_EQ(bind.element.firstChild()->childText("resource", ns::bind), "gateway");
  EXPECT_EQ(talk.stage(), Negotiation::Stage::binding);
  const auto bound = Element("bind", std::string(ns::bind)).add(Element("jid", {}, "user@robots.test/gateway"));
  EXPECT_EQ(talk.receive(iqAnswer("bind", "result").add(bound)).action, Action::finish);
  EXPECT_EQ(talk.bound().text(), "user@robots.test/gateway");
}

TEST(Negotiation, establishesASessionWhereAnOldServerRequiresIt) {
  auto talk = negotiation();
  authenticate(talk);
  talk.receive(
      emptyFeatures().add(Element("bind", std::string(ns::bind))).add(Element("session", std::string(ns::session))));
  const auto bound = Element("bind", std::string(ns::bind)).add(Element("jid", {}, "user@robots.test/1"));
  EXPECT_TRUE(talk.receive(iqAnswer("bind", "result").add(bound)).element.child("session", ns::session));
  EXPECT_EQ(talk.receive(iqAnswer("session", "result")).action, Action::finish);
}

TEST(Negotiation, sendsNoPasswordWithoutTls) {
  auto talk = negotiation();
  talk.opened(false);
  const auto step = talk.receive(mechanisms({"SCRAM-SHA-256"}));
  EXPECT_EQ(step.action, Action::fail);
  EXPECT_EQ(step.error.code, run::Code::unreachable);
}

TEST(Negotiation, refusesPlaintextSlippedInBehindProceed) {
  auto talk = negotiation();
  talk.opened(false);
  talk.receive(onlyTls());
  talk.receive(Element("proceed", std::string(ns::tls)));
  const auto step = talk.receive(mechanisms({"SCRAM-SHA-256"}));
  EXPECT_EQ(step.action, Action::fail);
  EXPECT_EQ(step.error.code, run::Code::protocolError);
}

TEST(Negotiation, refusesAWeakerMechanismThanConfigured) {
  auto talk = negotiation();
  secure(talk);
  const auto step = talk.receive(mechanisms({"PLAIN", "SCRAM-SHA-1"}));
  ASSERT_EQ(step.action, Action::fail);
  EXPECT_EQ(step.error.code, run::Code::notAuthenticated);
  EXPECT_NE(step.error.cause.find("PLAIN, SCRAM-SHA-1"), std::string::npos) << step.error.cause;
}

TEST(Negotiation, saysThatThePasswordIsWrong) {
  auto talk = negotiation();
  secure(talk);
  talk.receive(mechanisms({"SCRAM-SHA-256"}));
  talk.receive(scramChallenge);
  const auto step =
      talk.receive(Element("failure", std::string(ns::sasl)).add(Element("not-authorized", std::string(ns::sasl))));
  ASSERT_EQ(step.action, Action::fail);
  EXPECT_EQ(step.error.code, run::Code::notAuthenticated);
  EXPECT_NE(step.error.cause.find("user@robots.test"), std::string::npos);
  EXPECT_FALSE(step.error.nextStep.empty());
}

TEST(Negotiation, doesNotAcceptSuccessWithoutTheServersProof) {
  for (const auto& forged :
       {sasl("success", ""), sasl("success", "v=AAAA"), Element("success", std::string(ns::sasl))}) {
    auto talk = negotiation();
    secure(talk);
    talk.receive(mechanisms({"SCRAM-SHA-256"}));
    talk.receive(scramChallenge);
    EXPECT_EQ(talk.receive(forged).error.code, run::Code::notAuthenticated);
  }
  auto talk = negotiation();
  secure(talk);
  talk.receive(mechanisms({"SCRAM-SHA-256"}));
  EXPECT_EQ(talk.receive(scramSuccess).action, Action::fail);  // before the challenge
}

TEST(Negotiation, failsWhereTheServerOffersNoResource) {
  auto talk = negotiation();
  authenticate(talk);
  EXPECT_EQ(talk.receive(emptyFeatures()).error.code, run::Code::protocolError);
}

TEST(Negotiation, failsWhereTheResourceIsTaken) {
  auto talk = negotiation();
  authenticate(talk);
  talk.receive(emptyFeatures().add(Element("bind", std::string(ns::bind))));
  const auto error = Element("error", std::string(ns::client)).add(Element("conflict", std::string(ns::stanzaErrors)));
  const auto step = talk.receive(iqAnswer("bind", "error").add(error));
  EXPECT_EQ(step.error.code, run::Code::refused);
  EXPECT_NE(step.error.cause.find("conflict"), std::string::npos);
}

TEST(Negotiation, tellsStreamErrorsApart) {
  const auto of = [](const char* condition) {
    auto talk = negotiation();
    talk.opened(false);
    return talk
        .receive(Element("error", std::string(ns::streams)).add(Element(condition, std::string(ns::streamErrors))))
        .error;
  };
  EXPECT_EQ(of("host-unknown").code, run::Code::unreachable);
  EXPECT_EQ(of("not-authorized").code, run::Code::notAuthenticated);
  EXPECT_EQ(of("system-shutdown").code, run::Code::connectionLost);
  EXPECT_EQ(of("conflict").code, run::Code::connectionLost);
  EXPECT_NE(of("policy-violation").cause.find("policy-violation"), std::string::npos);
}

TEST(Negotiation, survivesWhateverComesInWhateverOrder) {
  const std::vector<Element> all{onlyTls(),
                                 mechanisms({"SCRAM-SHA-256"}),
                                 emptyFeatures(),
                                 scramChallenge,
                                 scramSuccess,
                                 Element("proceed", std::string(ns::tls)),
                                 iqAnswer("bind", "result"),
                                 Element()};
  for (const auto& first : all)
    for (const auto& second : all) {
      auto talk = negotiation();
      talk.opened(true);
      talk.receive(first);
      talk.receive(second);
      EXPECT_TRUE(talk.bound().empty());
    }
}

}  // namespace
}  // namespace beckon::xmpp
