#include "xmpp/proxy.hpp"

#include "core/qi/json_text.hpp"
#include "core/qi/utf8.hpp"

#include <boost/url/parse.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace beckon::xmpp {
namespace {

constexpr std::size_t largestAnswer = 8192;  // of the header of an answer by HTTP
constexpr std::size_t longestLogin = 255;    // of user and password each (RFC 1929 section 2)

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
  if (out.place.port == 0 || out.user.size() > longestLogin || out.password.size() > longestLogin) return badUrl();
  return out;
}

ProxyHandshake::ProxyHandshake(Proxy proxy, std::string host, unsigned short port)
    : proxy_(std::move(proxy)),
      host_(std::move(host)),
      port_(port),
      name_(proxy_.place.address + " port " + std::to_string(proxy_.place.port)),
      socks_({host_, port}, {proxy_.user, proxy_.password}) {}

run::Result<std::string> ProxyHandshake::first() const {
  const auto isVisible = [](char letter) { return letter > ' ' && letter < 0x7F; };
  if (host_.empty() || host_.size() > socks5::longestHost || !std::ranges::all_of(host_, isVisible))
    return noWay("that is no name of a host");
  if (proxy_.kind == Proxy::Kind::socks5) return socks_.greeting();
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

bool ProxyHandshake::done() const { return proxy_.kind == Proxy::Kind::socks5 ? socks_.wanted() == 0 : hasAnswered_; }

run::Result<std::string> ProxyHandshake::receive(std::string_view bytes) {
  input_ += bytes;
  auto next = proxy_.kind == Proxy::Kind::http ? receiveHttp() : receiveSocks();
  if (next && done() && !input_.empty()) return garbage();  // the server speaks second
  return next;
}

// One answer may come together with the next.
run::Result<std::string> ProxyHandshake::receiveSocks() {
  std::string out;
  while (const auto wanted = socks_.wanted()) {
    if (input_.size() < wanted) break;
    const auto next = socks_.take(std::string_view(input_).substr(0, wanted));
    if (!next) return next;
    input_.erase(0, wanted);
    out += *next;
  }
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
  hasAnswered_ = true;
  return std::string();
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
