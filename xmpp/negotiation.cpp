#include "xmpp/negotiation.hpp"

#include "core/qi/json_text.hpp"

#include <openssl/crypto.h>

#include <set>

namespace beckon::xmpp {
namespace {

using Step = Negotiation::Step;
using Action = Negotiation::Action;

Step fail(run::Code code, std::string cause, std::string nextStep) {
  return {Action::fail, {}, {code, std::move(cause), std::move(nextStep)}};
}

Step fail(run::Error error) { return {Action::fail, {}, std::move(error)}; }

Step send(Element element) { return {Action::send, std::move(element), {}}; }

Step unexpected(const Element& element, std::string_view awaited) {
  return fail(run::Code::protocolError,
              "the server sent <" + element.name + "/> where " + std::string(awaited) + " was due",
              "check that the address is that of an XMPP server for clients");
}

Element saslElement(std::string name, std::string_view message) {
  return Element(std::move(name), std::string(ns::sasl),
                 qi::toBase64({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()}));
}

std::optional<std::string> saslMessage(const Element& element) {
  const auto bytes = qi::fromBase64(element.text);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

Step saslFailure(const Jid& account, const Element& failure) {
  std::string condition = "failure";
  for (const auto& child : failure.children)
    if (child.name != "text") condition = child.name;
  const auto text = failure.childText("text", ns::sasl);
  const auto said = condition + (text.empty() ? "" : ": " + std::string(text));
  if (condition == "temporary-auth-failure")
    return fail(run::Code::unreachable, "the server cannot check passwords at the moment (" + said + ")",
                "try again later, and look into the server's log");
  return fail(run::Code::notAuthenticated,
              "the server does not accept the password of " + account.text() + " (" + said + ")",
              "check the password, and that the account exists on the server");
}

// In the namespace of errors as the element itself is a condition: the first child that is not a text.
std::string_view conditionOf(const Element& error, std::string_view xmlns) {
  for (const auto& child : error.children)
    if (child.xmlns == xmlns && child.name != "text") return child.name;
  return "undefined-condition";
}

}  // namespace

std::string_view Negotiation::text(Stage stage) {
  switch (stage) {
    case Stage::opening:
      return "the server's stream header";
    case Stage::securing:
      return "the TLS handshake";
    case Stage::authenticating:
      return "the answer to the password";
    case Stage::binding:
      return "a resource";
    default:
      return "nothing";
  }
}

Step Negotiation::opened(bool secured) {
  if (awaited_ != Awaited::header) return unexpected(Element("stream"), "no new stream");
  secured_ = secured;
  awaited_ = Awaited::features;
  if (secured_) stage_ = authenticated_ ? Stage::binding : Stage::opening;
  return {};
}

Step Negotiation::receive(const Element& element) {
  if (element.is("error", ns::streams)) return fail(streamError(element));
  switch (awaited_) {
    case Awaited::header:
      return unexpected(element, "a stream header");
    case Awaited::features:
      if (!element.is("features", ns::streams)) return unexpected(element, "a list of features");
      return features(element);
    case Awaited::proceed:
      if (!element.is("proceed", ns::tls))
        return fail(run::Code::unreachable, "the server refuses to start TLS", "look into the server's log");
      awaited_ = Awaited::header;
      return {Action::startTls, {}, {}};
    case Awaited::sasl:
      return sasl(element);
    default:
      // A server may send other stanzas already once the resource is bound on its side.
      if (element.name != "iq" || element.attribute("id") != (awaited_ == Awaited::bind ? "bind" : "session"))
        return {};
      return bind(element);
  }
}

Step Negotiation::features(const Element& element) {
  if (!secured_) {
    if (!element.child("starttls", ns::tls))
      return fail(run::Code::unreachable, "the server offers no TLS", "switch TLS on in the server's configuration");
    stage_ = Stage::securing;
    awaited_ = Awaited::proceed;
    return send(Element("starttls", std::string(ns::tls)));
  }
  if (!authenticated_) {
    const auto* mechanisms = element.child("mechanisms", ns::sasl);
    return authenticate(mechanisms ? *mechanisms : Element());
  }
  if (!element.child("bind", ns::bind)) return unexpected(element, "the binding of a resource");
  // RFC 3921 session establishment, which RFC 6121 made optional.
  const auto* session = element.child("session", ns::session);
  sessionRequired_ = session && !session->child("optional", ns::session);
  stage_ = Stage::binding;
  awaited_ = Awaited::bind;
  Element request("bind", std::string(ns::bind));
  if (!settings_.resource.empty()) request.add(Element("resource", std::string(ns::bind), settings_.resource));
  return send(Element("iq", std::string(ns::client)).set("type", "set").set("id", "bind").add(std::move(request)));
}

Step Negotiation::authenticate(const Element& mechanisms) {
  std::set<std::string> offered;
  for (const auto& mechanism : mechanisms.children)
    if (mechanism.is("mechanism", ns::sasl)) offered.insert(mechanism.text);
  const auto hash = Scram::strongest(offered, settings_.weakest);
  if (!hash) {
    std::string list;
    for (const auto& name : offered) list += (list.empty() ? "" : ", ") + name;
    return fail(
        run::Code::notAuthenticated,
        "the server offers no " + std::string(Scram::mechanism(settings_.weakest)) +
            " or better, only: " + (list.empty() ? "nothing" : list),
        "let the server store passwords for it (Prosody: password_hash = \"SHA-256\", then set the password again)");
  }
  stage_ = Stage::authenticating;
  awaited_ = Awaited::sasl;
  scram_ = std::make_unique<Scram>(*hash, settings_.account.node(), settings_.password, settings_.nonce);
  OPENSSL_cleanse(settings_.password.data(), settings_.password.size());
  settings_.password.clear();
  return send(saslElement("auth", scram_->first()).set("mechanism", Scram::mechanism(*hash)));
}

Step Negotiation::sasl(const Element& element) {
  if (element.is("failure", ns::sasl)) return saslFailure(settings_.account, element);
  const auto message = saslMessage(element);
  if (element.is("challenge", ns::sasl) && message) {
    const auto answer = scram_->respond(*message);
    return answer ? send(saslElement("response", *answer)) : fail(answer.error());
  }
  if (element.is("success", ns::sasl) && message) {
    if (const auto proven = scram_->verify(*message); !proven) return fail(proven.error());
    scram_.reset();
    authenticated_ = true;
    awaited_ = Awaited::header;
    return {Action::reopen, {}, {}};
  }
  return unexpected(element, "an answer to the password");
}

Step Negotiation::bind(const Element& iq) {
  if (iq.attribute("type") != "result") {
    const auto* error = iq.child("error", ns::client);
    const auto condition = error ? conditionOf(*error, ns::stanzaErrors) : "undefined-condition";
    return fail(run::Code::refused,
                "the server gives " + settings_.account.text() + " no session (" + std::string(condition) + ")",
                condition == "conflict" ? "end the other session of that resource, or choose another resource"
                                        : "look into the server's log");
  }
  if (awaited_ == Awaited::bind) {
    const auto* binding = iq.child("bind", ns::bind);
    const auto jid = Jid::parse(binding ? binding->childText("jid", ns::bind) : "");
    if (!jid || jid->isBare()) return unexpected(iq, "the address of the session");
    bound_ = *jid;
    if (sessionRequired_) {
      awaited_ = Awaited::session;
      return send(Element("iq", std::string(ns::client))
                      .set("type", "set")
                      .set("id", "session")
                      .add(Element("session", std::string(ns::session))));
    }
  }
  stage_ = Stage::done;
  return {Action::finish, {}, {}};
}

std::string_view streamCondition(const Element& error) { return conditionOf(error, ns::streamErrors); }

run::Error streamError(const Element& error) {
  const auto condition = streamCondition(error);
  const auto text = error.childText("text", ns::streamErrors);
  const auto said = std::string(condition) + (text.empty() ? "" : ": " + std::string(text));
  if (condition == "host-unknown" || condition == "host-gone" || condition == "improper-addressing")
    return {run::Code::unreachable, "the server does not serve that domain (" + said + ")",
            "check the domain in the account's address"};
  if (condition == "not-authorized")
    return {run::Code::notAuthenticated, "the server ended the session (" + said + ")",
            "check that the account still exists on the server"};
  if (condition == "conflict")
    return {run::Code::connectionLost, "another session took this resource (" + said + ")",
            "check that no second robot uses the same account"};
  if (condition == "system-shutdown" || condition == "reset")
    return {run::Code::connectionLost, "the server is shutting down (" + said + ")", "wait until it is back"};
  return {run::Code::connectionLost, "the server ended the stream (" + said + ")", "look into the server's log"};
}

}  // namespace beckon::xmpp
