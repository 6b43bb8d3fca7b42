#include "xmpp/client_protocol.hpp"

#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::string_view checkClientPort =
    "check that the port is that of an XMPP server for clients, and look into its log";

}  // namespace

ClientProtocol::ClientProtocol(Negotiation::Settings settings, std::size_t largestReceived)
    : domain_(settings.account.domain()),
      largestReceived_(largestReceived),
      negotiation_(std::move(settings)),
      parser_(largestBeforeLogin) {}

std::string ClientProtocol::begin(bool isSecured) {
  isSecured_ = isSecured;
  // RFC 6120 section 5.4.3.3: what came before belongs to the stream that has ended.
  parser_ = StreamParser(negotiation_.authenticated() ? largestReceived_ : largestBeforeLogin);
  return streamHeader(ns::client, {{"to", domain_}, {"version", "1.0"}});
}

std::optional<StreamProtocol::Step> ClientProtocol::next() {
  while (!ended_) {
    auto event = parser_.next();
    if (!event) return end(event.error());
    if (!*event) return std::nullopt;
    if (auto step = taken(**event)) return step;
  }
  return std::nullopt;
}

// Whether the server knows pings (XEP-0199) or not, it answers.
std::string ClientProtocol::question(std::string_view id) const {
  return Element("iq", std::string(ns::client))
      .set("type", "get")
      .set("id", id)
      .set("to", domain_)
      .add(Element("ping", std::string(ns::ping)))
      .toXml(ns::client);
}

std::optional<StreamProtocol::Step> ClientProtocol::taken(StreamParser::Event& event) {
  if (const auto* opened = std::get_if<StreamParser::Opened>(&event)) {
    if (!opened->header.is("stream", ns::streams))
      return end(
          {run::Code::protocolError, "the server's stream header is not that of XMPP", std::string(checkClientPort)});
    opened_ = true;
    return negotiated(negotiation_.opened(isSecured_));
  }
  if (auto* child = std::get_if<StreamParser::Child>(&event)) {
    if (!online()) return negotiated(negotiation_.receive(child->element));
    if (child->element.is("error", ns::streams)) return end(streamError(child->element));
    return Stanza{std::move(child->element)};
  }
  if (auto* large = std::get_if<StreamParser::Dropped>(&event)) {
    if (online()) return dropped(std::move(large->head), large->why);
    return end({run::Code::protocolError, "the server sent too much where " + std::string(awaited()) + " was due",
                std::string(checkClientPort)});
  }
  ended_ = true;
  return Closed{};
}

std::optional<StreamProtocol::Step> ClientProtocol::negotiated(Negotiation::Step step) {
  switch (step.action) {
    case Negotiation::Action::wait:
      return std::nullopt;
    case Negotiation::Action::send:
      return Send{step.element.toXml(ns::client)};
    case Negotiation::Action::startTls:
      // Whoever stands in between could put in something to be taken for secured (RFC 6120 section 5.3.1).
      if (const auto more = parser_.next(); !more || *more)
        return end({run::Code::protocolError, "the server sent something unencrypted behind its consent to TLS",
                    "somebody may stand in between: use another network, and look into the server's log"});
      return StartTls{};
    case Negotiation::Action::reopen:
      return Send{begin(isSecured_)};
    case Negotiation::Action::finish:
      return Online{negotiation_.bound()};
    default:
      return end(std::move(step.error));
  }
}

StreamProtocol::Step ClientProtocol::end(run::Error why) {
  ended_ = true;
  return End{std::move(why)};
}

}  // namespace beckon::xmpp
