#include "xmpp/stream_protocol.hpp"

#include "xmpp/stanza_error.hpp"

#include <utility>

namespace beckon::xmpp {

std::string streamHeader(std::string_view xmlns,
                         std::initializer_list<std::pair<std::string_view, std::string_view>> attributes) {
  // The prefix that servers expect, whatever XML allows.
  Element header("stream:stream", std::string(xmlns));
  for (const auto& [name, value] : attributes) header.set(name, value);
  auto start = header.toXml();
  start.replace(start.size() - 2, 2, " xmlns:stream='" + std::string(ns::streams) + "'>");
  return "<?xml version='1.0'?>" + start;
}

StreamProtocol::Step dropped(Element head, const run::Error& why) {
  using Refusal = StreamProtocol::Refusal;
  const auto type = head.attribute("type");
  if (!head.is("iq", ns::client)) return Refusal{{}, why};
  const auto error = StanzaError::from(why).element();
  if (type == "result") return StreamProtocol::Stanza{std::move(head.set("type", "error").add(error))};
  if (type != "get" && type != "set") return Refusal{{}, why};
  auto answer = Element("iq", std::string(ns::client)).set("type", "error").set("id", head.attribute("id"));
  // A server's own request may come without either.
  if (const auto from = head.attribute("from"); !from.empty()) answer.set("to", from);
  if (const auto to = head.attribute("to"); !to.empty()) answer.set("from", to);
  return Refusal{answer.add(error).toXml(ns::client), why};
}

StreamProtocol::Step unsent(const Element& head, const run::Error& why) {
  const auto type = head.attribute("type");
  const bool isRequest = type == "get" || type == "set";
  if (!head.is("iq", ns::client) || (!isRequest && type != "result")) return StreamProtocol::Refusal{{}, why};
  auto answer = Element("iq", std::string(ns::client)).set("type", "error").set("id", head.attribute("id"));
  if (const auto to = head.attribute("to"); !to.empty()) answer.set(isRequest ? "from" : "to", to);
  answer.add(StanzaError::from(why).element());
  if (isRequest) return StreamProtocol::Stanza{std::move(answer)};
  return StreamProtocol::Refusal{answer.toXml(ns::client), why};
}

}  // namespace beckon::xmpp
