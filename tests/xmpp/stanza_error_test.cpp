#include "xmpp/stanza_error.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

Element iqWith(const StanzaError& error) {
  return Element("iq", std::string(ns::client)).set("type", "error").add(error.element());
}

TEST(StanzaError, carriesCodeCauseAndNextStepAcross) {
  for (const auto code : {run::Code::unknownMember, run::Code::refused, run::Code::overloaded, run::Code::internal}) {
    const run::Error error{code, "there is no method ALMotion.fly", "see beckon info ALMotion"};
    const auto read = StanzaError::read(iqWith(StanzaError::from(error))).toError();
    EXPECT_EQ(read.code, code);
    EXPECT_EQ(read.cause, error.cause);
    EXPECT_EQ(read.nextStep, error.nextStep);
  }
}

TEST(StanzaError, hasAConditionThatOthersUnderstand) {
  EXPECT_EQ(StanzaError::from({run::Code::unknownMember, "", ""}).condition, "item-not-found");
  EXPECT_EQ(StanzaError::from({run::Code::refused, "", ""}).condition, "forbidden");
  EXPECT_EQ(StanzaError::from({run::Code::badArguments, "", ""}).condition, "bad-request");
}

TEST(StanzaError, ofAServerThatKnowsNothingOfBeckonSaysWhatToDo) {
  const auto error = StanzaError::read(iqWith(serviceUnavailable)).toError();
  EXPECT_EQ(error.code, run::Code::unknownRobot);
  EXPECT_FALSE(error.nextStep.empty());
}

TEST(StanzaError, isReadFromAnything) {
  EXPECT_EQ(StanzaError::read(Element("iq")).condition, "undefined-condition");
  EXPECT_EQ(StanzaError::read(Element("iq")).toError().code, run::Code::callFailed);
}

}  // namespace
}  // namespace beckon::xmpp
