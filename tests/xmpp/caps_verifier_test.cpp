#include "xmpp/caps_verifier.hpp"

#include "tests/xmpp/jid.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

const Jid alice = jid("alice@x/1"), bob = jid("bob@x/1"), carol = jid("carol@x/1");

Disco software(const std::string& feature) {
  return {{{"client", "bot", "", "Beckon"}}, {"http://jabber.org/protocol/disco#info", feature}, {}};
}

Caps capsOf(const Disco& disco) { return {"urn:test", capsHash(disco)}; }

run::Result<Element> answer(const Element& query) {
  return Element("iq", std::string(ns::client)).set("type", "result").add(query);
}
run::Result<Element> answer(const Disco& disco) { return answer(disco.query()); }
run::Result<Element> noAnswer() { return run::Error{run::Code::timedOut, "no answer", ""}; }

TEST(CapsVerifier, asksOnceForAllWhoHaveTheSame) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  const auto caps = capsOf(disco);
  const auto question = verifier.came(alice, caps);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->to, alice);
  EXPECT_EQ(question->query().attribute("node"), "urn:test#" + caps.ver);
  EXPECT_FALSE(verifier.came(bob, caps));
  EXPECT_FALSE(verifier.known(caps));
  const auto outcome = verifier.answered(*question, answer(disco));
  ASSERT_TRUE(outcome.disco);
  EXPECT_TRUE(outcome.disco->features.contains("urn:a"));
  EXPECT_FALSE(outcome.next);
  EXPECT_EQ(verifier.known(caps), outcome.disco);
  EXPECT_FALSE(verifier.came(carol, caps));
}

TEST(CapsVerifier, doesNotBelieveWhatDoesNotHashToThePromise) {
  CapsVerifier verifier;
  const auto caps = capsOf(software("urn:a"));
  const auto outcome = verifier.answered(*verifier.came(alice, caps), answer(software("urn:b")));
  EXPECT_FALSE(outcome.disco);
  EXPECT_NE(outcome.problem.find("does not hash"), std::string::npos);
  EXPECT_FALSE(verifier.known(caps));
  EXPECT_TRUE(verifier.came(alice, caps));  // asked again at his next presence
}

TEST(CapsVerifier, asksTheNextOneWhereOneDoesNotAnswerOrLies) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  const auto caps = capsOf(disco);
  const auto first = verifier.came(alice, caps);
  verifier.came(bob, caps);
  verifier.came(carol, caps);
  verifier.left(bob);
  const auto outcome = verifier.answered(*first, answer(software("urn:lie")));
  ASSERT_TRUE(outcome.next);
  EXPECT_EQ(outcome.next->to, carol);
  EXPECT_FALSE(verifier.came(bob, caps));  // in line behind her
  const auto second = verifier.answered(*outcome.next, noAnswer());
  ASSERT_TRUE(second.next);
  EXPECT_EQ(second.next->to, bob);
  EXPECT_TRUE(verifier.answered(*second.next, answer(disco)).disco);
}

TEST(CapsVerifier, oneWhoLetsUsWaitDoesNotHoldUpTheOthers) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  const auto caps = capsOf(disco);
  const auto frozen = verifier.came(alice, caps);
  EXPECT_FALSE(verifier.unanswered(*frozen)) << "there is nobody else";
  verifier.came(bob, caps);
  verifier.came(carol, caps);
  const auto next = verifier.unanswered(*frozen);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->to, bob);
  EXPECT_FALSE(verifier.came(bob, caps)) << "asked already";
  EXPECT_FALSE(verifier.answered(*frozen, noAnswer()).disco);
  EXPECT_TRUE(verifier.answered(*next, answer(disco)).disco);
  EXPECT_FALSE(verifier.unanswered(*next)) << "it is known by now";
}

TEST(CapsVerifier, theFirstAnswerThatIsBelievedCountsWhoeverGivesIt) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  const auto caps = capsOf(disco);
  const auto slow = verifier.came(alice, caps);
  verifier.came(bob, caps);
  const auto next = verifier.unanswered(*slow);
  ASSERT_TRUE(next);
  EXPECT_TRUE(verifier.answered(*slow, answer(disco)).disco);
  EXPECT_FALSE(verifier.answered(*next, answer(disco)).disco) << "known already";
  EXPECT_TRUE(verifier.known(caps));
}

TEST(CapsVerifier, asksAgainAtTheNextPresenceOfWhoDidNotAnswer) {
  CapsVerifier verifier;
  const auto caps = capsOf(software("urn:a"));
  const auto question = verifier.came(alice, caps);
  EXPECT_FALSE(verifier.came(alice, caps));  // still asked
  EXPECT_EQ(verifier.answered(*question, noAnswer()).problem, "no answer");
  EXPECT_TRUE(verifier.came(alice, caps));
}

TEST(CapsVerifier, doesNotAskForAHashThatItCannotCompute) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  auto caps = capsOf(disco);
  caps.hash = "sha-256";
  EXPECT_FALSE(verifier.came(alice, caps));
  caps.hash = "";  // XEP-0115 before version 1.4
  EXPECT_FALSE(verifier.came(alice, caps));
  // Nor does it take the one for the other.
  verifier.answered(*verifier.came(bob, capsOf(disco)), answer(disco));
  EXPECT_FALSE(verifier.known(caps));
}

TEST(CapsVerifier, forgetsItsQuestionsButNotTheAnswersWhenTheStreamEnds) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  const auto question = verifier.came(alice, capsOf(disco));
  const auto other = verifier.came(bob, capsOf(software("urn:b")));
  verifier.answered(*question, answer(disco));
  verifier.streamEnded();
  EXPECT_FALSE(verifier.answered(*other, answer(software("urn:b"))).disco);
  EXPECT_TRUE(verifier.known(capsOf(disco)));
  EXPECT_TRUE(verifier.came(bob, capsOf(software("urn:b"))));
}

TEST(CapsVerifier, ignoresTheLateAnswerToAQuestionOfAnotherStream) {
  CapsVerifier verifier;
  const auto disco = software("urn:a");
  const auto old = verifier.came(alice, capsOf(disco));
  verifier.streamEnded();
  const auto question = verifier.came(bob, capsOf(disco));
  EXPECT_EQ(verifier.answered(*old, noAnswer()).problem, "");
  EXPECT_TRUE(verifier.answered(*question, answer(disco)).disco);
}

TEST(CapsVerifier, remembersABoundedNumber) {
  CapsVerifier verifier;
  const auto number = [](int i) { return software("urn:" + std::to_string(i)); };
  for (int i = 0; i < 300; ++i) verifier.answered(*verifier.came(alice, capsOf(number(i))), answer(number(i)));
  EXPECT_FALSE(verifier.known(capsOf(number(43))));
  EXPECT_TRUE(verifier.known(capsOf(number(44))));
  EXPECT_TRUE(verifier.known(capsOf(number(299))));
}

TEST(CapsVerifier, asksABoundedNumberAtATime) {
  CapsVerifier verifier;
  int asked = 0;
  for (int i = 0; i < 300; ++i) asked += verifier.came(alice, {"urn:test", std::to_string(i)}).has_value();
  EXPECT_EQ(asked, 256);
}

}  // namespace
}  // namespace beckon::xmpp
