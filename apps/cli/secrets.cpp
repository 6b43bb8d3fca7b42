#include "apps/cli/secrets.hpp"

#include <algorithm>
#include <cctype>

namespace beckon::cli {
namespace {

constexpr std::string_view removed = "(removed)";
constexpr std::size_t shortestKnown = 4;  // what is shorter stands everywhere

bool namesASecret(std::string_view key) {
  std::string small(key.substr(0, key.find_last_not_of(" \t\"'") + 1));
  std::ranges::transform(small, small.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (small.ends_with("_file") || small.ends_with("_files")) return false;
  const auto has = [&](std::string_view word) { return small.find(word) != small.npos; };
  return has("password") || has("passphrase") || has("secret") || has("token") || has("credential");
}

// Behind the value that begins at `from`: its line, or up to the end of a text of several lines.
std::size_t endOfValue(std::string_view text, std::size_t from) {
  auto end = text.find('\n', from);
  for (const std::string_view quotes : {"\"\"\"", "'''"}) {
    if (!text.substr(from).starts_with(quotes)) continue;
    const auto close = text.find(quotes, from + quotes.size());
    end = close == text.npos ? text.npos : text.find('\n', close);
  }
  return std::min(end, text.size());
}

std::string withoutValues(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto line = std::min(text.find('\n', at), text.size());
    const auto equals = text.find('=', at);
    if (equals >= line || !namesASecret(text.substr(at, equals - at))) {
      out += text.substr(at, line + 1 - at);
      at = line + 1;
      continue;
    }
    auto value = text.find_first_not_of(" \t", equals + 1);
    value = std::min(value, line);
    const auto end = endOfValue(text, value);
    out += text.substr(at, equals + 1 - at);
    out += " ";
    out += removed;
    out += "\n";
    at = end + 1;
  }
  return out;
}

void removeBlocks(std::string& text, std::string_view begin, std::string_view end) {
  for (std::size_t at = 0; (at = text.find(begin, at)) != text.npos; at += removed.size()) {
    const auto close = text.find(end, at);
    const auto stop = close == text.npos ? text.size() : close + end.size();
    text.replace(at, stop - at, removed);
  }
}

void removeTokens(std::string& text) {
  const std::string_view prefix = "bkn_";
  for (std::size_t at = 0; (at = text.find(prefix, at)) != text.npos;) {
    at += prefix.size();
    auto end = at;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    text.replace(at, end - at, removed);
  }
}

// http://USER:PASSWORD@HOST
void removeUserinfo(std::string& text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != text.npos;) {
    at += 3;
    const auto end = text.find_first_of("@/ \t\n\"'", at);
    if (end == text.npos || text[end] != '@') continue;
    text.replace(at, end - at, removed);
    at += removed.size();
  }
}

}  // namespace

std::string withoutSecrets(std::string_view text, const std::vector<std::string>& known) {
  auto out = withoutValues(text);
  for (const std::string kind : {"", "RSA ", "EC ", "ENCRYPTED "})
    removeBlocks(out, "-----BEGIN " + kind + "PRIVATE KEY-----", "-----END " + kind + "PRIVATE KEY-----");
  removeTokens(out);
  removeUserinfo(out);
  for (const auto& secret : known) {
    if (secret.size() < shortestKnown) continue;
    for (std::size_t at = 0; (at = out.find(secret, at)) != out.npos; at += removed.size())
      out.replace(at, secret.size(), removed);
  }
  return out;
}

}  // namespace beckon::cli
