#include "xmpp/self_description.hpp"

#include <utility>

namespace beckon::xmpp {
namespace {

Disco withOwnFeatures(Disco disco) {
  for (const auto feature : {ns::discoInfo, ns::caps, ns::ping, ns::version}) disco.features.emplace(feature);
  return disco;
}

}  // namespace

SelfDescription::SelfDescription(Disco disco, std::string node, std::string software, std::string version)
    : disco_(withOwnFeatures(std::move(disco))),
      caps_{std::move(node), capsHash(disco_)},
      software_(std::move(software)),
      version_(std::move(version)) {}

Element SelfDescription::presence(const std::vector<Element>& payload) const {
  Element out("presence", std::string(ns::client));
  out.add(caps_.element());
  for (const auto& element : payload) out.add(element);
  return out;
}

void SelfDescription::answer(Responder& responder, const std::function<bool(const Jid&)>& mayKnow) const {
  const auto get = [&](std::string_view name, std::string_view xmlns, auto body) {
    responder.handle("get", name, xmlns, [mayKnow, body](const IqRequest& request, const IqReply& reply) {
      if (mayKnow(request.from))
        body(request, reply);
      else
        reply.error(serviceUnavailable);
    });
  };
  responder.handle("get", "query", ns::discoInfo, [this, mayKnow](const IqRequest& request, const IqReply& reply) {
    const auto node = request.payload.attribute("node");
    const bool isOurs = node.empty() || node == caps_.node + "#" + caps_.ver;
    if (!isOurs && nodes_) return nodes_(request, reply);
    if (!mayKnow(request.from)) return reply.error(serviceUnavailable);
    if (!isOurs) return reply.error(itemNotFound);
    reply.result(disco_.query(node));
  });
  get("ping", ns::ping, [](const IqRequest&, const IqReply& reply) { reply.result(); });
  get("query", ns::version, [this](const IqRequest&, const IqReply& reply) {
    reply.result(Element("query", std::string(ns::version))
                     .add(Element("name", {}, software_))
                     .add(Element("version", {}, version_)));
  });
}

}  // namespace beckon::xmpp
