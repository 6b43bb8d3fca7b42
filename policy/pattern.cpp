#include "policy/pattern.hpp"

#include <algorithm>
#include <vector>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool has(std::string_view text, std::string_view any) { return text.find_first_of(any) != text.npos; }
bool hasControl(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
}
bool isHexOrStar(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '*'; }

Error wrongPrincipal(std::string_view text, const std::string& why) {
  return {Code::invalidConfig, "\"" + std::string(text) + "\" " + why,
          "write alice@example.org, *@lab.example.org, token:NAME, key:SHA256:HEX, role:NAME, or * for everybody"};
}
Error wrongMember(std::string_view text, const std::string& why) {
  return {Code::invalidConfig, "\"" + std::string(text) + "\" " + why,
          "write Service.member, Service.get*, Service for all of it, or * for everything"};
}

}  // namespace

Glob::Glob(std::string text) {
  // Several stars in a row are one.
  for (const char c : text)
    if (c != '*' || !text_.ends_with('*')) text_ += c;
  isLiteral_ = text_.find('*') == text_.npos;
}

bool Glob::matches(std::string_view name) const {
  if (isLiteral_) return name == text_;
  if (name.size() > longestName) return false;
  std::size_t at = 0, in = 0, star = text_.npos, afterStar = 0;
  while (in < name.size()) {
    if (at < text_.size() && text_[at] == '*') {
      star = at++;
      afterStar = in;
    } else if (at < text_.size() && text_[at] == name[in]) {
      ++at, ++in;
    } else if (star != text_.npos) {
      at = star + 1;
      in = ++afterStar;
    } else {
      return false;
    }
  }
  return at == text_.size() || (at + 1 == text_.size() && text_[at] == '*');
}

bool Glob::meets(const Glob& other) const {
  const auto &one = text_, &two = other.text_;
  // row[j]: whether what follows the present place of `one` meets what follows place j of `two`.
  std::vector<char> row(two.size() + 1), below(two.size() + 1);
  for (auto i = one.size() + 1; i-- > 0; std::swap(row, below))
    for (auto j = two.size() + 1; j-- > 0;) {
      const bool isEnd = i == one.size(), isOthersEnd = j == two.size();
      const bool isStar = !isEnd && one[i] == '*', isOthersStar = !isOthersEnd && two[j] == '*';
      if (isStar || isOthersStar)
        // A star stands for nothing, or for what comes next at the other.
        row[j] = (isStar && below[j]) || (isOthersStar && row[j + 1]) || (isStar && !isOthersEnd && row[j + 1]) ||
                 (isOthersStar && !isEnd && below[j]);
      else
        row[j] = isEnd || isOthersEnd ? isEnd && isOthersEnd : one[i] == two[j] && below[j + 1];
    }
  return below[0];
}

Result<PrincipalPattern> PrincipalPattern::parse(std::string_view text) {
  PrincipalPattern out;
  out.text_ = text;
  if (text == "*") return out;
  if (text.empty() || text.size() > longestName || hasControl(text))
    return wrongPrincipal(text, "names nobody: it is empty, too long, or has a space or control character in it");
  const auto rest = [&](std::string_view prefix) { return text.substr(prefix.size()); };
  if (text.starts_with("role:")) {
    out.what_ = What::role;
    out.text_ = rest("role:");
    if (out.text_.empty() || has(out.text_, "*:")) return wrongPrincipal(text, "is not the name of a role");
    return out;
  }
  if (text.starts_with("token:")) {
    out.what_ = What::token;
    out.last_ = Glob(std::string(rest("token:")));
    if (out.last_.text().empty() || has(out.last_.text(), ":")) return wrongPrincipal(text, "is not a token's name");
    return out;
  }
  if (text.starts_with("key:")) {
    out.what_ = What::key;
    constexpr std::string_view prefix = "key:SHA256:";
    const auto hex = text.starts_with(prefix) ? lower(rest(prefix)) : std::string();
    out.last_ = Glob(hex);
    if (hex.empty() || !std::ranges::all_of(hex, isHexOrStar) || (out.last_.isLiteral() && hex.size() != 64))
      return wrongPrincipal(text, "is not key:SHA256: and 64 hex digits");
    out.text_ = std::string(prefix) + hex;
    return out;
  }
  out.what_ = What::account;
  out.text_ = lower(text);
  const auto at = out.text_.find('@');
  out.hasNode_ = at != text.npos;
  const auto node = out.hasNode_ ? out.text_.substr(0, at) : std::string();
  const auto domain = out.hasNode_ ? out.text_.substr(at + 1) : out.text_;
  if (has(text, "/")) return wrongPrincipal(text, "has a resource: rules are about accounts");
  if ((out.hasNode_ && node.empty()) || domain.empty() || has(node, "\"&':<>") || has(domain, "@\"&'<>") ||
      (has(domain, ":") && !domain.starts_with('[')))
    return wrongPrincipal(text, "is not the address of an account");
  out.first_ = Glob(node);
  out.last_ = Glob(domain);
  return out;
}

bool PrincipalPattern::matches(std::string_view principal) const {
  constexpr std::string_view token = "token:", key = "key:SHA256:";
  if (principal.empty() || principal.size() > longestName) return false;
  switch (what_) {
    case What::everybody:
      return true;
    case What::role:
      return false;
    case What::token:
      return principal.starts_with(token) && last_.matches(principal.substr(token.size()));
    case What::key:
      return principal.starts_with(key) && last_.matches(principal.substr(key.size()));
    case What::account:
      break;
  }
  const auto at = principal.find('@');
  if (at == principal.npos) return !hasNode_ && principal.find(':') == principal.npos && last_.matches(principal);
  // An account has no colon before its @: a token's name with an @ in it is no account.
  const auto node = principal.substr(0, at);
  return hasNode_ && node.find(':') == node.npos && first_.matches(node) && last_.matches(principal.substr(at + 1));
}

Result<MemberPattern> MemberPattern::parse(std::string_view text) {
  if (text.empty() || text.size() > longestName || hasControl(text))
    return wrongMember(text, "names nothing: it is empty, too long, or has a space or control character in it");
  if (text.find("::") != text.npos) return wrongMember(text, "has types in it: rules are about names");
  const auto dot = text.rfind('.');
  const auto service = text.substr(0, dot);
  const auto member = dot == text.npos ? "*" : text.substr(dot + 1);
  if (service.empty() || member.empty()) return wrongMember(text, "has nothing before or behind its dot");
  MemberPattern out;
  out.service_ = Glob(std::string(service));
  out.member_ = Glob(std::string(member));
  return out;
}

}  // namespace beckon::policy
