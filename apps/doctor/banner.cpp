#include "apps/doctor/banner.hpp"

#include "core/qi/message.hpp"
#include "core/qi/utf8.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace beckon::doctor {
namespace {

struct Known {
  std::string_view beginning, name;
};
constexpr Known known[] = {{"HTTP/", "HTTP"},           {"SSH-", "SSH"},       {"RFB ", "VNC"},
                           {"220", "mail or FTP"},      {"<?xml", "XML"},      {"<stream", "XMPP"},
                           {"-ERR", "Redis"},           {"* OK", "IMAP"},      {"+OK", "POP3"},
                           {"AMQP", "AMQP (messages)"}, {"<!DOCTYPE", "HTTP"}, {"<html", "HTTP"}};

std::string_view textOf(qi::ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Of the answer of a web server: who it says it is.
std::string_view serverIn(std::string_view answer) {
  constexpr std::string_view field = "\r\nServer: ";
  const auto found = answer.find(field);
  if (found == std::string_view::npos) return {};
  const auto rest = answer.substr(found + field.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

}  // namespace

Speech speechOf(qi::ByteView first) {
  if (first.empty()) return Speech::nothing;
  const auto shared = std::min(first.size(), qi::Header::magic.size());
  if (std::equal(qi::Header::magic.begin(), qi::Header::magic.begin() + static_cast<std::ptrdiff_t>(shared),
                 first.begin()))
    return Speech::qi;
  // A record of TLS: its type, and the major version (RFC 8446 section 5.1).
  if (first[0] >= 20 && first[0] <= 23 && first.size() > 1 && first[1] == 3) return Speech::tls;
  const auto text = textOf(first);
  const bool isHttp = text.starts_with("HTTP/") || text.starts_with("<!DOCTYPE") || text.starts_with("<html");
  return isHttp ? Speech::http : Speech::other;
}

std::string speaker(qi::ByteView first) {
  constexpr std::size_t shown = 60;
  const auto text = textOf(first);
  const auto line = text.substr(0, text.find_first_of("\r\n"));
  const auto found = std::ranges::find_if(known, [&](const Known& one) { return text.starts_with(one.beginning); });
  if (found == std::end(known)) return "something that begins with \"" + qi::printable(line, shown) + "\"";
  const auto server = serverIn(text);
  return std::string(found->name) + " (" + qi::printable(server.empty() ? line : server, shown) + ")";
}

}  // namespace beckon::doctor
