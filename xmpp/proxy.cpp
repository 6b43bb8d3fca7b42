#include "xmpp/proxy.hpp"

#include "core/qi/json_text.hpp"
#include "core/qi/utf8.hpp"

#include <boost/url/parse.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace beckon::xmpp {
namespace {

constexpr std::size_t largestAnswer = 8192;  // of the header of an answer by HTTP
constexpr std::size_t longestField = 255;    // RFC 1928 section 5 and RFC 1929 section 2: a byte for the length

// RFC 1928 section 6.
constexpr std::array<std::string_view, 9> replies{"",
                                                  "it has failed",
                                                  "its rules do not allow it",
                                                  "the network cannot be reached from there",
                                                  "the host cannot be reached from there",
                                                  "nobody listens there",
                                                  "it took too long",
                                                  "it knows no such command",
                                                  "it knows no such kind of address"};

std::string bigEndian(unsigned short number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
}

std::string field(const std::string& text) { return static_cast<char>(text.size()) + text; }

run::Error badUrl() {
  // The address itself may hold a password.
  return {
      run::Code::invalidArgument, "the address of the proxy is none",
      "write it as http://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ before the host where it asks for it"};
}

}  // namespace

run::Result<Proxy> Proxy::parse(std::string_view text) {
  // Others take an address without a scheme for one of HTTP, and so do we.
  const auto whole = text.find("://") == text.npos ? "http://" + std::string(text) : std::string(text);
  const auto url = boost::urls::parse_uri(whole);
  if (!url || url->host().empty()) return badUrl();
  Proxy out;
  std::string scheme = url->scheme();
  std::ranges::transform(scheme, scheme.begin(), [](unsigned char c) { return std::tolower(c); });
  if (scheme == "socks5" || scheme == "socks5h")
    out.kind = Kind::socks5;
  else if (scheme != "http")
    return badUrl();
  out.place.address = url->host_type() == boost::urls::host_type::ipv6 ? url->host_ipv6_address().to_string()
                                                                       : std::string(url->host());
  out.place.port = out.kind == Kind::http ? 3128 : 1080;
  if (url->has_port()) {
    const std::string_view digits = url->port();
    const auto read = std::from_chars(digits.begin(), digits.end(), out.place.port);
    if (read.ec != std::errc() || read.ptr != digits.end()) return badUrl();
  }
  out.user = url->user();
  out.password = url->password();
  if (out.place.port == 0 || out.user.size() > longestField || out.password.size() > longestField) return badUrl();
  return out;
}

ProxyHandshake::ProxyHandshake(Proxy proxy, std::string host, unsigned short port)
    : proxy_(std::move(proxy)),
      host_(std::move(host)),
      port_(port),
      name_(proxy_.place.address + " port " + std::to_string(proxy_.place.port)),
      stage_(proxy_.kind == Proxy::Kind::http ? Stage::http : Stage::method) {}

run::Result<std::string> ProxyHandshake::first() const {
  const auto isVisible = [](char letter) { return letter > ' ' && letter < 0x7F; };
  if (host_.empty() || host_.size() > longestField || !std::ranges::all_of(host_, isVisible))
    return noWay("that is no name of a host");
  if (proxy_.kind == Proxy::Kind::socks5)
    return proxy_.user.empty() ? std::string("\x05\x01\x00", 3)       // no password
                               : std::string("\x05\x02\x00\x02", 4);  // or one (RFC 1929)
  const bool isAddress6 = host_.find(':') != std::string::npos;
  const auto target = (isAddress6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
  auto out = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy_.user.empty()) {
    const auto both = proxy_.user + ":" + proxy_.password;
    out += "Proxy-Authorization: Basic " +
           qi::toBase64({reinterpret_cast<const std::uint8_t*>(both.data()), both.size()}) + "\r\n";
  }
  return out + "\r\n";
}

run::Result<std::string> ProxyHandshake::receive(std::string_view bytes) {
  input_ += bytes;
  std::string out;
  // One answer may come together with the next.
  for (std::size_t before = std::string::npos; !done() && before != input_.size();) {
    before = input_.size();
    auto next = stage_ == Stage::http ? receiveHttp() : receiveSocks();
    if (!next) return next;
    out += *next;
  }
  if (done() && !input_.empty()) return garbage();  // the server speaks second
  return out;
}

run::Result<std::string> ProxyHandshake::receiveHttp() {
  const auto end = input_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (input_.size() > largestAnswer) return garbage();
    return std::string();
  }
  const auto line = input_.substr(0, input_.find("\r\n"));
  const auto isDigit = [&](std::size_t at) { return std::isdigit(static_cast<unsigned char>(line[at])) != 0; };
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ' || !isDigit(9) || !isDigit(10) || !isDigit(11))
    return garbage();
  if (line.substr(9, 3) == "407") return refusedPassword();
  if (line[9] != '2') return noWay("\"" + qi::printable(line.substr(9), 60) + "\"");
  input_.erase(0, end + 4);
  stage_ = Stage::done;
  return std::string();
}

std::string ProxyHandshake::connect() {
  stage_ = Stage::connecting;
  return std::string("\x05\x01\x00\x03", 4) + field(host_) + bigEndian(port_);
}

run::Result<std::string> ProxyHandshake::receiveSocks() {
  const auto byte = [this](std::size_t at) { return static_cast<unsigned char>(input_[at]); };
  if (stage_ == Stage::connecting) {
    if (input_.size() < 5) return std::string();
    if (byte(0) != 5) return garbage();
    if (const auto reply = byte(1); reply != 0)
      return noWay(reply < replies.size() ? std::string(replies[reply]) : "reply " + std::to_string(reply));
    const std::size_t address = byte(3) == 1 ? 4 : byte(3) == 4 ? 16 : byte(3) == 3 ? 1 + byte(4) : 0;
    if (address == 0) return garbage();
    if (input_.size() < 4 + address + 2) return std::string();
    input_.erase(0, 4 + address + 2);
    stage_ = Stage::done;
    return std::string();
  }
  if (input_.size() < 2) return std::string();
  const auto version = byte(0), answer = byte(1);
  input_.erase(0, 2);
  if (stage_ == Stage::password) {
    if (version != 1) return garbage();
    if (answer != 0) return refusedPassword();
    return connect();
  }
  if (version != 5) return garbage();
  if (answer == 0) return connect();
  if (answer != 2 || proxy_.user.empty()) return refusedPassword();
  stage_ = Stage::password;
  return std::string("\x01") + field(proxy_.user) + field(proxy_.password);
}

run::Error ProxyHandshake::garbage() const {
  return {run::Code::protocolError, "the proxy at " + name_ + " answers in something else",
          "check its address, and whether it is http:// or socks5://"};
}

run::Error ProxyHandshake::refusedPassword() const {
  return {run::Code::notAuthenticated, "the proxy at " + name_ + " asks for a user and a password that are right",
          "write them into its address: http://USER:PASSWORD@HOST:PORT"};
}

run::Error ProxyHandshake::noWay(const std::string& why) const {
  return {run::Code::unreachable,
          "the proxy at " + name_ + " does not connect to " + host_ + " port " + std::to_string(port_) + ": " + why,
          "ask who runs it to allow that; many let out to port 443 only, where the server would need direct TLS"};
}

}  // namespace beckon::xmpp
