#include "fleet/protocol.hpp"

#include "core/run/base64url.hpp"
#include "xmpp/jid.hpp"

#include <charconv>
#include <utility>

namespace beckon::fleet {
namespace {

using run::Result;
using xmpp::Element;

// Milliseconds, ten years: what is subtracted from a clock of nanoseconds must not overflow.
constexpr std::int64_t longestSilence = 315360000000;

run::Error malformed(std::string_view what) {
  return {run::Code::protocolError, "a " + std::string(what) + " of " + std::string(ns) + " is malformed",
          "see that both sides are of versions of Beckon that know each other"};
}

Element named(std::string_view name) { return Element(std::string(name), std::string(ns)); }

std::optional<std::int64_t> numberOf(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), out);
  if (text.empty() || problem != std::errc() || end != text.end()) return {};
  return out;
}

// Seconds since 1970; what no calendar holds is none.
std::optional<WallTime> timeOf(std::string_view text) {
  const auto seconds = numberOf(text);
  if (!seconds || *seconds < 0 || *seconds > 253402300799) return {};  // the year 9999
  return WallTime(std::chrono::seconds(*seconds));
}

std::string text(WallTime time) { return std::to_string(time.time_since_epoch().count()); }

std::optional<std::string> accountOf(std::string_view text) {
  const auto jid = xmpp::Jid::parse(text);
  if (!jid || !jid->isBare() || jid->node().empty()) return {};
  return jid->text();
}

template <std::size_t size>
bool read(const Element& from, std::string_view attribute, std::array<std::uint8_t, size>& into) {
  const auto bytes = run::fromBase64url<size>(from.attribute(attribute));
  if (bytes) into = *bytes;
  return bytes.has_value();
}

template <class Bytes>
bool readOptional(const Element& from, std::string_view attribute, std::optional<Bytes>& into) {
  if (from.attribute(attribute).empty()) return true;
  return read(from, attribute, into.emplace());
}

Element memberElement(const MemberInfo& member) {
  auto out = named("member")
                 .set("account", member.account)
                 .set("kind", text(member.kind))
                 .set("key", run::base64url(member.key))
                 .set("id", member.id)
                 .set("enrolled", text(member.enrolled));
  if (member.isConfirmed) out.set("confirmed", "true");
  if (member.silence) out.set("silence", std::to_string(member.silence->count()));
  if (member.isCloned) out.set("cloned", "true");
  if (member.revoked) out.set("revoked", text(*member.revoked));
  if (member.codeHash) out.set("code", run::base64url(*member.codeHash));
  if (member.proof) out.set("proof", run::base64url(*member.proof));
  if (member.statement) out.add(statementElement(*member.statement));
  return out;
}

std::optional<MemberInfo> readMember(const Element& element) {
  MemberInfo out;
  const auto account = accountOf(element.attribute("account"));
  const auto kind = kindOf(element.attribute("kind"));
  const auto enrolled = timeOf(element.attribute("enrolled"));
  if (!account || !kind || !enrolled || !read(element, "key", out.key) ||
      !readOptional(element, "code", out.codeHash) || !readOptional(element, "proof", out.proof))
    return {};
  out.account = *account;
  out.kind = *kind;
  out.enrolled = *enrolled;
  out.id = element.attribute("id");
  out.isConfirmed = element.attribute("confirmed") == "true";
  out.isCloned = element.attribute("cloned") == "true";
  if (const auto revoked = element.attribute("revoked"); !revoked.empty()) {
    out.revoked = timeOf(revoked);
    if (!out.revoked) return {};
  }
  if (const auto silence = numberOf(element.attribute("silence"));
      silence && *silence >= 0 && *silence <= longestSilence)
    out.silence = std::chrono::milliseconds(*silence);
  if (const auto* statement = element.child(statementName, ns)) {
    auto stated = readStatement(*statement, out.account);
    if (!stated) return {};
    out.statement = std::move(*stated);
  }
  return out;
}

}  // namespace

Element membersRequest(const std::string& after) {
  auto out = named(membersName);
  if (!after.empty()) out.set("after", after);
  return out;
}

Element robotRequest(const std::string& run, const std::optional<Statement>& known) {
  auto out = named(membersName).set("run", run);
  if (known) out.set("known", run::base64url(known->signature));
  return out;
}

std::optional<run::Signature> knownSignature(const Element& request) {
  return run::fromBase64url<std::tuple_size_v<run::Signature>>(request.attribute("known"));
}

Element membersResult(const MembersInfo& info) {
  auto out = named(membersName)
                 .set("name", info.place.fleet)
                 .set("host", info.place.host)
                 .set("port", std::to_string(info.place.port))
                 .set("kind", text(info.asker));
  if (!info.place.pin.empty()) out.set("pin", info.place.pin);
  if (!info.more.empty()) out.set("more", info.more);
  if (info.asksRobots) out.set("asks", "true");
  for (const auto& member : info.members) out.add(memberElement(member));
  return out;
}

Result<MembersInfo> readMembers(const Element& result) {
  MembersInfo out;
  const auto port = numberOf(result.attribute("port"));
  const auto kind = kindOf(result.attribute("kind"));
  out.place.host = result.attribute("host");
  out.place.fleet = result.attribute("name");
  out.place.pin = result.attribute("pin");
  const bool isPin =
      out.place.pin.empty() ||
      (out.place.pin.size() == 64 && out.place.pin.find_first_not_of("0123456789abcdef") == std::string::npos);
  if (!result.is(membersName, ns) || !port || *port <= 0 || *port > 65535 || !kind || !isHost(out.place.host) ||
      !isName(out.place.fleet) || !isPin)
    return malformed(membersName);
  out.place.port = static_cast<unsigned short>(*port);
  out.asker = *kind;
  out.more = result.attribute("more");
  out.asksRobots = result.attribute("asks") == "true";
  for (const auto& child : result.children) {
    if (child.name != "member") continue;
    auto member = readMember(child);
    if (!member) return malformed("member");
    out.members.push_back(std::move(*member));
  }
  return out;
}

Element codeRequest(const CodeOffer& offer) {
  auto out = named(codeName)
                 .set("hash", run::base64url(offer.hash))
                 .set("kind", text(offer.kind))
                 .set("seconds", std::to_string(offer.lifetime.count()))
                 .set("key", run::base64url(offer.ownerKey))
                 .set("introduction", run::base64url(offer.introduction));
  if (!offer.name.empty()) out.set("name", offer.name);
  return out;
}

Result<CodeOffer> readCode(const Element& request) {
  CodeOffer out;
  const auto kind = kindOf(request.attribute("kind"));
  const auto seconds = numberOf(request.attribute("seconds"));
  out.name = request.attribute("name");
  if (!kind || !seconds || *seconds <= 0 || *seconds > 10 * 365 * 86400 || (!out.name.empty() && !isName(out.name)) ||
      !read(request, "hash", out.hash) || !read(request, "key", out.ownerKey) ||
      !read(request, "introduction", out.introduction))
    return malformed(codeName);
  out.kind = *kind;
  out.lifetime = std::chrono::seconds(*seconds);
  return out;
}

Element statementElement(const Statement& statement) {
  return named(statementName)
      .set("kind", text(statement.kind))
      .set("key", run::base64url(statement.key))
      .set("ends", text(statement.ends))
      .set("signature", run::base64url(statement.signature));
}

Result<Statement> readStatement(const Element& element, std::string account) {
  Statement out;
  out.account = std::move(account);
  const auto kind = kindOf(element.attribute("kind"));
  const auto ends = timeOf(element.attribute("ends"));
  if (!kind || !ends || !read(element, "key", out.key) || !read(element, "signature", out.signature))
    return malformed(statementName);
  out.kind = *kind;
  out.ends = *ends;
  return out;
}

Element statementRequest(const Statement& statement) {
  return statementElement(statement).set("account", statement.account);
}

Result<Statement> readStatementRequest(const Element& request) {
  auto account = accountOf(request.attribute("account"));
  if (!account) return malformed(statementName);
  return readStatement(request, std::move(*account));
}

Element revokeRequest(const std::string& account) { return named(revokeName).set("account", account); }

Element secretRequest(const std::string& secret) { return Element(std::string(secretName), std::string(ns), secret); }

Element headline(std::string_view payload, const std::string& to) {
  return Element("message", std::string(xmpp::ns::client)).set("type", "headline").set("to", to).add(named(payload));
}

}  // namespace beckon::fleet
