#include "xmpp/bytestreams.hpp"

#include "core/run/base64url.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace beckon::xmpp::bytestreams {
namespace {

using run::Code;
using run::Error;
using run::Result;

Error wrong(const std::string& what) {
  return {Code::protocolError, "a bytestream's request or answer makes no sense: " + what,
          "see docs/protocol/bytestreams.md"};
}

Element query(std::string_view sid = {}) {
  Element out("query", std::string(ns));
  if (!sid.empty()) out.set("sid", sid);
  return out;
}

Element hostElement(const Host& host) {
  return Element("streamhost", std::string(ns))
      .set("jid", host.jid.text())
      .set("host", host.host)
      .set("port", std::to_string(host.port));
}

template <class Number>
std::optional<Number> readNumber(std::string_view text) {
  Number out = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

std::optional<Host> readHost(const Element& element) {
  const auto jid = Jid::parse(element.attribute("jid"));
  const auto port = readNumber<std::uint16_t>(element.attribute("port"));
  Host out;
  out.host = element.attribute("host");
  if (!jid || out.host.empty() || port.value_or(0) == 0) return std::nullopt;
  out.jid = *jid;
  out.port = *port;
  return out;
}

bool isSid(std::string_view text) { return text.size() >= Session::shortestSid && text.size() <= Session::longestSid; }

Error wrongSid() {
  return wrong("a sid has " + std::to_string(Session::shortestSid) + " to " + std::to_string(Session::longestSid) +
               " bytes");
}

// The address of one of the ends.
std::optional<Jid> readEnd(std::string_view text) {
  const auto out = Jid::parse(text);
  return out && !out->isBare() ? std::optional(*out) : std::nullopt;
}

}  // namespace

std::string Session::newSid() {
  std::array<std::uint8_t, 16> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw std::runtime_error("no random numbers");
  return run::base64url(bytes);
}

std::string Session::hash() const {
  const auto text = sid + requester.text() + target.text();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < length; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

Element hostRequest() { return query(); }

Element ticketRequest(const Session& session) {
  return query(session.sid).add(Element("ticket", std::string(ticketNs)).set("target", session.target.text()));
}

Element hostAnswer(const Host& host) {
  auto out = query().add(hostElement(host));
  if (host.most > 0)
    out.add(Element("load", std::string(ticketNs))
                .set("streams", std::to_string(host.streams))
                .set("most", std::to_string(host.most)));
  return out;
}

Element hostAnswer(const Host& host, std::chrono::seconds lifetime) {
  return hostAnswer(host).add(
      Element("ticket", std::string(ticketNs)).set("seconds", std::to_string(lifetime.count())));
}

Result<Host> readHostAnswer(const Element& query) {
  const auto* element = query.child("streamhost", ns);
  if (!element) return wrong("it names no host");
  auto host = readHost(*element);
  if (!host) return wrong("a host has a JID, an address and a port");
  if (const auto* load = query.child("load", ticketNs)) {
    const auto streams = readNumber<std::uint32_t>(load->attribute("streams"));
    const auto most = readNumber<std::uint32_t>(load->attribute("most"));
    if (!streams || !most) return wrong("a load is two numbers");
    host->streams = *streams;
    host->most = *most;
  }
  return *host;
}

Result<HostQuestion> readHostQuestion(const Element& query) {
  HostQuestion out;
  const auto* ticket = query.child("ticket", ticketNs);
  if (!ticket) return out;
  const auto target = readEnd(ticket->attribute("target"));
  if (!target) return wrong("a target is a full JID");
  out.sid = query.attribute("sid");
  if (!isSid(out.sid)) return wrongSid();
  out.target = *target;
  return out;
}

Element offer(const Offer& offer) {
  auto out = query(offer.sid).set("mode", "tcp");
  for (const auto& host : offer.hosts) out.add(hostElement(host));
  return out;
}

Result<Offer> readOffer(const Element& query) {
  Offer out;
  out.sid = query.attribute("sid");
  const auto mode = query.attribute("mode");
  if (out.sid.empty() || out.sid.size() > Session::longestSid) return wrongSid();
  if (!mode.empty() && mode != "tcp") return wrong("a stream is one of TCP");
  for (const auto& child : query.children) {
    if (child.name != "streamhost" || out.hosts.size() == Offer::mostHosts) continue;
    if (const auto host = readHost(child)) out.hosts.push_back(*host);
  }
  if (out.hosts.empty()) return wrong("it names no host");
  return out;
}

Element used(std::string_view sid, const Jid& relay) {
  return query(sid).add(Element("streamhost-used", std::string(ns)).set("jid", relay.text()));
}

Result<Jid> readUsed(const Element& query) {
  const auto* element = query.child("streamhost-used", ns);
  const auto jid = Jid::parse(element ? element->attribute("jid") : std::string_view());
  if (!jid) return wrong("it names no host that is used");
  return *jid;
}

Element activation(const Session& session) {
  return query(session.sid).add(Element("activate", std::string(ns), session.target.text()));
}

Result<Activation> readActivation(const Element& query) {
  const auto target = readEnd(query.childText("activate", ns));
  if (!target) return wrong("a target is a full JID");
  Activation out{std::string(query.attribute("sid")), *target};
  if (!isSid(out.sid)) return wrongSid();
  return out;
}

}  // namespace beckon::xmpp::bytestreams
