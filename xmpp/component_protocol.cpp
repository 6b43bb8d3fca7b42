#include "xmpp/component_protocol.hpp"

#include "xmpp/negotiation.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::string_view checkComponentPort =
    "check that the port is the one where the server takes components, and look into its log";

// XEP-0114 section 3: of the stream's id and the secret, in lower case.
std::string proof(std::string_view id, std::string_view secret) {
  auto text = std::string(id).append(secret);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  OPENSSL_cleanse(text.data(), text.size());
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 0xF];
  }
  return out;
}

void translate(Element& element) {
  if (element.xmlns == ComponentProtocol::xmlns) element.xmlns = ns::client;
  for (auto& child : element.children) translate(child);
}

}  // namespace

ComponentProtocol::ComponentProtocol(Jid domain, std::string secret, std::size_t largestStanza)
    : domain_(std::move(domain)), secret_(std::move(secret)), largestStanza_(largestStanza), parser_(largestStanza) {}

ComponentProtocol::~ComponentProtocol() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

std::string ComponentProtocol::begin(bool) {
  parser_ = StreamParser(largestStanza_);
  return streamHeader(xmlns, {{"to", domain_.text()}});
}

std::string_view ComponentProtocol::awaited() const {
  return stage_ == Stage::opening ? "the server's stream header" : "the answer to the secret";
}

std::optional<ComponentProtocol::Step> ComponentProtocol::next() {
  while (!ended_) {
    auto event = parser_.next();
    if (!event) return end(event.error());
    if (!*event) return std::nullopt;
    if (const auto* opened = std::get_if<StreamParser::Opened>(&**event)) {
      if (auto step = headerCame(opened->header)) return step;
    } else if (auto* child = std::get_if<StreamParser::Child>(&**event)) {
      return received(std::move(child->element));
    } else if (auto* large = std::get_if<StreamParser::Dropped>(&**event)) {
      if (!online()) return Refusal{{}, large->why};
      translate(large->head);
      return dropped(std::move(large->head), large->why);
    } else {
      ended_ = true;
      return Closed{};
    }
  }
  return std::nullopt;
}

std::optional<ComponentProtocol::Step> ComponentProtocol::headerCame(const Element& header) {
  if (!header.is("stream", ns::streams))
    return end(
        {run::Code::protocolError, "the server's stream header is not that of XMPP", std::string(checkComponentPort)});
  const auto id = header.attribute("id");
  if (id.empty()) return std::nullopt;  // Prosody's where an error follows
  stage_ = Stage::authenticating;
  return Send{Element("handshake", std::string(xmlns), proof(id, secret_)).toXml(xmlns)};
}

ComponentProtocol::Step ComponentProtocol::received(Element element) {
  if (element.is("error", ns::streams)) return end(meaning(element));
  if (stage_ == Stage::online) {
    translate(element);
    return Stanza{std::move(element)};
  }
  if (stage_ == Stage::opening || !element.is("handshake", xmlns))
    return end({run::Code::protocolError, "the server sent something else where " + std::string(awaited()) + " was due",
                std::string(checkComponentPort)});
  stage_ = Stage::online;
  return Online{domain_};
}

ComponentProtocol::Step ComponentProtocol::end(run::Error why) {
  ended_ = true;
  return End{std::move(why)};
}

run::Error ComponentProtocol::meaning(const Element& error) const {
  const auto condition = streamCondition(error);
  const auto name = domain_.text();
  if (condition == "not-authorized")
    return {run::Code::notAuthenticated, "the server does not accept the secret of the component " + name,
            "let the component's secret here and in the server's configuration be the same"};
  if (condition == "conflict")
    return {run::Code::refused, "another component is connected to the server as " + name,
            "end the other one, or give this one a name of its own"};
  if (condition == "host-unknown" || condition == "host-gone")
    return {run::Code::invalidConfig, "the server knows no component of the name " + name,
            "add it to the server's configuration, or correct the name or the port here"};
  if (condition == "invalid-namespace")
    return {run::Code::unreachable, "the server takes no components there", std::string(checkComponentPort)};
  return streamError(error);
}

}  // namespace beckon::xmpp
