#include "cloud-relay/turn_door.hpp"

#include "policy/token.hpp"
#include "xmpp/timestamp.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <utility>

namespace beckon::relay {

using xmpp::Element;
using xmpp::IqReply;
using xmpp::IqRequest;

namespace {

constexpr std::string_view type = "turn";
constexpr std::array<std::string_view, 2> transports{"udp", "tcp"};

std::string base64(const unsigned char* bytes, unsigned size) {
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> out{};
  const auto length = EVP_EncodeBlock(out.data(), bytes, static_cast<int>(size));
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(length)};
}

}  // namespace

TurnCredentials turnCredentials(const TurnServer& server, std::string_view account, WallTime now) {
  TurnCredentials out;
  out.ends = now + server.lifetime;
  out.name = std::to_string(out.ends.time_since_epoch().count()) + ":" + std::string(account);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha1(), server.secret.data(), static_cast<int>(server.secret.size()),
       reinterpret_cast<const unsigned char*>(out.name.data()), out.name.size(), digest.data(), &length);
  out.password = base64(digest.data(), length);
  return out;
}

TurnDoor::TurnDoor(xmpp::Component& component, FleetStore& store, const Registrar& registrar, TurnServer server)
    : component_(component), askers_(store, registrar), server_(std::move(server)) {}

void TurnDoor::open() {
  const auto offer = [this](std::string_view name, auto action) {
    component_.handle("get", name, ns, [this, action](const IqRequest& request, const IqReply& reply) {
      if (const auto asker = askers_.find(request, reply)) (this->*action)(*asker, request, reply);
    });
  };
  offer("services", &TurnDoor::tellServices);
  offer("credentials", &TurnDoor::tellCredentials);
}

Element TurnDoor::service(const Member& asker, std::string_view transport) const {
  const auto credentials = turnCredentials(server_, asker.account, policy::wallClock());
  return Element("service", std::string(ns))
      .set("type", type)
      .set("host", server_.host)
      .set("port", std::to_string(server_.port))
      .set("transport", transport)
      .set("restricted", "true")
      .set("username", credentials.name)
      .set("password", credentials.password)
      .set("expires", xmpp::timestampText(credentials.ends));
}

void TurnDoor::tellServices(const Member& asker, const IqRequest& request, const IqReply& reply) const {
  const auto wanted = request.payload.attribute("type");
  Element out("services", std::string(ns));
  if (!wanted.empty()) out.set("type", wanted);
  if (wanted.empty() || wanted == type)
    for (const auto transport : transports) out.add(service(asker, transport));
  reply.result(std::move(out));
}

void TurnDoor::tellCredentials(const Member& asker, const IqRequest& request, const IqReply& reply) const {
  const auto* wanted = request.payload.child("service", ns);
  if (!wanted) return reply.error(xmpp::badRequest);
  if (wanted->attribute("type") != type || wanted->attribute("host") != server_.host)
    return reply.error(xmpp::itemNotFound);
  const auto transport = wanted->attribute("transport");
  reply.result(
      Element("credentials", std::string(ns)).add(service(asker, transport.empty() ? transports[0] : transport)));
}

}  // namespace beckon::relay
