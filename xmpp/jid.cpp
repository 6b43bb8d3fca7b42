#include "xmpp/jid.hpp"

#include <algorithm>

namespace beckon::xmpp {
namespace {

constexpr std::size_t longestPart = 1023;  // bytes, RFC 7622 section 3

bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool isNode(std::string_view text) {
  // RFC 7622 section 3.3.1 excludes these beyond what PRECIS excludes.
  return text.size() <= longestPart && std::none_of(text.begin(), text.end(), [](char c) {
           return isControl(c) || c == ' ' || std::string_view("\"&'/:<>@").find(c) != std::string_view::npos;
         });
}

bool isDomain(std::string_view text) {
  if (text.empty() || text.size() > longestPart) return false;
  if (text.front() == '[') return text.size() > 2 && text.back() == ']';  // an IPv6 address
  bool labelStart = true;
  for (char c : text) {
    const bool label = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       static_cast<unsigned char>(c) >= 0x80;
    if (c == '.' ? labelStart : !label) return false;
    labelStart = c == '.';
  }
  return !labelStart;
}

bool isResource(std::string_view text) {
  return text.size() <= longestPart && std::none_of(text.begin(), text.end(), isControl);
}

run::Error wrong(std::string_view text, std::string_view what) {
  return {run::Code::invalidArgument, "'" + std::string(text) + "' is not an XMPP address: " + std::string(what),
          "write it as name@server or name@server/resource"};
}

}  // namespace

run::Result<Jid> Jid::parse(std::string_view text) {
  // The resource may hold any character, so the first slash decides (RFC 7622 section 3.2).
  const auto slash = text.find('/');
  const auto bare = text.substr(0, slash);
  const auto at = bare.find('@');
  Jid jid;
  if (at != std::string_view::npos) {
    if (at == 0 || !isNode(bare.substr(0, at)))
      return wrong(text, "the part before the @ is empty or has a character that is not allowed");
    jid.node_ = lower(bare.substr(0, at));
  }
  auto domain = lower(at == std::string_view::npos ? bare : bare.substr(at + 1));
  if (domain.ends_with('.')) domain.pop_back();  // RFC 7622 section 3.2
  if (!isDomain(domain)) return wrong(text, "the server's name is empty or has a character that is not allowed");
  jid.domain_ = std::move(domain);
  if (slash != std::string_view::npos) {
    const auto resource = text.substr(slash + 1);
    if (resource.empty() || !isResource(resource))
      return wrong(text, "the part after the slash is empty or has a control character");
    jid.resource_ = resource;
  }
  return jid;
}

Jid Jid::bare() const {
  Jid jid = *this;
  jid.resource_.clear();
  return jid;
}

Jid Jid::server() const {
  Jid jid;
  jid.domain_ = domain_;
  return jid;
}

run::Result<Jid> Jid::withResource(std::string_view name) const {
  return parse(bare().text() + "/" + std::string(name));
}

std::string Jid::text() const {
  return (node_.empty() ? "" : node_ + "@") + domain_ + (resource_.empty() ? "" : "/" + resource_);
}

}  // namespace beckon::xmpp
