#include "xmpp/stanza_error.hpp"

#include <array>

namespace beckon::xmpp {
namespace {

constexpr std::string_view problemNs = "urn:beckon:error:0";

struct Condition {
  std::string_view type, name;
};

Condition conditionOf(run::Code code) {
  using enum run::Code;
  switch (code) {
    case invalidArgument:
    case malformedJson:
    case badArguments:
    case protocolError:
      return {"modify", "bad-request"};
    case unknownService:
    case unknownMember:
      return {"cancel", "item-not-found"};
    case unknownRobot:
      return {"cancel", "service-unavailable"};
    case nameTaken:
    case notOwner:
      return {"cancel", "conflict"};
    case notAuthenticated:
      return {"auth", "not-authorized"};
    case refused:
    case notNow:
    case leaseNeeded:
    case leaseHeld:
    case badCode:
    case badStatement:
      return {"auth", "forbidden"};
    case timedOut:
    case tooLate:
      return {"wait", "remote-server-timeout"};
    case connectionLost:
    case serviceGone:
      return {"wait", "recipient-unavailable"};
    case callFailed:
    case canceled:
      return {"cancel", "undefined-condition"};
    case tooLarge:
      return {"modify", "policy-violation"};
    case overloaded:
    case auditFailed:
      return {"wait", "resource-constraint"};
    default:
      return {"cancel", "internal-server-error"};
  }
}

struct Meaning {
  std::string_view condition;
  run::Code code;
  std::string_view cause, nextStep;
};

// What a condition without Beckon's own code means to somebody who asked a robot or a server.
constexpr std::array<Meaning, 14> meanings{{
    {"service-unavailable", run::Code::unknownRobot, "nobody answers there",
     "check the address, that it is online, and that it lists this account"},
    {"recipient-unavailable", run::Code::unknownRobot, "it is not online",
     "check that it is switched on and connected"},
    {"gone", run::Code::unknownRobot, "the account has moved or ended", "check the address"},
    {"remote-server-not-found", run::Code::unreachable, "its server cannot be found",
     "check the server in the address"},
    {"remote-server-timeout", run::Code::unreachable, "its server does not answer", "try again later"},
    {"forbidden", run::Code::refused, "the other side forbids it", "ask the owner of the other side for the right"},
    {"not-allowed", run::Code::refused, "the other side does not allow it",
     "ask the owner of the other side for the right"},
    {"not-authorized", run::Code::refused, "the other side does not accept this account",
     "ask the owner of the other side to list this account"},
    {"subscription-required", run::Code::refused, "a presence subscription is required",
     "list the accounts in each other's configuration"},
    {"resource-constraint", run::Code::overloaded, "the other side is too busy", "try again later"},
    {"policy-violation", run::Code::tooLarge, "the server refuses the stanza, most often for its size",
     "send less at once, or raise the server's limit"},
    {"bad-request", run::Code::protocolError, "the other side did not understand the request",
     "check that both sides run the same version"},
    {"feature-not-implemented", run::Code::protocolError, "the other side does not know that request",
     "check that both sides run the same version"},
    {"item-not-found", run::Code::callFailed, "the other side has nothing of that name", "check the name"},
}};

}  // namespace

StanzaError StanzaError::from(const run::Error& error) {
  const auto [type, condition] = conditionOf(error.code);
  return {std::string(type), std::string(condition), error.cause, std::string(run::codeText(error.code)),
          error.nextStep};
}

StanzaError StanzaError::read(const Element& stanza) {
  StanzaError out{"cancel", "undefined-condition", "", "", ""};
  const auto* error = stanza.child("error", ns::client);
  if (!error) return out;
  if (const auto type = error->attribute("type"); !type.empty()) out.type = type;
  for (const auto& child : error->children)
    if (child.xmlns == ns::stanzaErrors && child.name != "text") out.condition = child.name;
  out.text = error->childText("text", ns::stanzaErrors);
  if (const auto* problem = error->child("problem", problemNs)) {
    out.code = problem->attribute("code");
    out.nextStep = problem->attribute("next-step");
  }
  return out;
}

Element StanzaError::element() const {
  Element error("error", std::string(ns::client));
  error.set("type", type).add(Element(condition, std::string(ns::stanzaErrors)));
  if (!text.empty()) error.add(Element("text", std::string(ns::stanzaErrors), text));
  if (!detail.empty()) error.add(Element(detail, detailNs));
  if (!code.empty()) error.add(Element("problem", std::string(problemNs)).set("code", code).set("next-step", nextStep));
  return error;
}

run::Error StanzaError::toError() const {
  if (!code.empty()) return {run::codeFromText(code), text.empty() ? condition : text, nextStep};
  for (const auto& meaning : meanings)
    if (meaning.condition == condition)
      return {meaning.code, std::string(meaning.cause) + (text.empty() ? "" : " (" + text + ")"),
              std::string(meaning.nextStep)};
  return {run::Code::callFailed, "the other side answered " + condition + (text.empty() ? "" : " (" + text + ")"), ""};
}

}  // namespace beckon::xmpp
