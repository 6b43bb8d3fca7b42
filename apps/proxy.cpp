#include "apps/proxy.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace beckon::apps {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

struct Variable {
  std::string name, value;
};

std::optional<Variable> variable(const std::string& name) {
  auto capitals = name;
  std::ranges::transform(capitals, capitals.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const auto& one : {name, capitals})
    if (const char* value = std::getenv(one.c_str()); value && *value) return Variable{one, value};
  return std::nullopt;
}

// As no_proxy compares it: small letters, no brackets.
std::string plain(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::string out(host);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool isThisComputer(const std::string& host) {
  error_code problem;
  const auto address = ip::make_address(host, problem);
  return host == "localhost" || (!problem && address.is_loopback());
}

// 10.0.0.0/8, 2001:db8::/32.
bool isInNetwork(const std::string& host, const std::string& network) {
  error_code noAddress, none4, none6;
  const auto address = ip::make_address(host, noAddress);
  if (noAddress) return false;
  const auto four = ip::make_network_v4(network, none4);
  if (!none4)
    return address.is_v4() && ip::network_v4(address.to_v4(), four.prefix_length()).canonical() == four.canonical();
  const auto six = ip::make_network_v6(network, none6);
  return !none6 && address.is_v6() &&
         ip::network_v6(address.to_v6(), six.prefix_length()).canonical() == six.canonical();
}

// no_proxy=lab.example covers lab.example and what ends in .lab.example.
bool isCovered(const std::string& host, std::string_view list) {
  while (!list.empty()) {
    auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), part.size() + 1));
    while (part.starts_with(' ') || part.starts_with('.')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    const auto entry = plain(part);
    if (entry == "*" || (!entry.empty() && (host == entry || host.ends_with("." + entry)))) return true;
    if (isInNetwork(host, entry)) return true;
  }
  return false;
}

}  // namespace

run::Result<std::optional<xmpp::Proxy>> environmentsProxy(const std::string& to) {
  const auto host = plain(to);
  auto found = variable("https_proxy");
  if (!found) found = variable("all_proxy");
  const auto except = variable("no_proxy");
  if (!found || isThisComputer(host) || (except && isCovered(host, except->value))) return std::optional<xmpp::Proxy>();
  auto proxy = xmpp::Proxy::parse(found->value);
  if (!proxy)
    return run::Error{run::Code::invalidConfig, "in the environment's " + found->name + ", " + proxy.error().cause,
                      proxy.error().nextStep};
  return std::optional(std::move(*proxy));
}

std::optional<xmpp::Proxy> readProxy(run::ConfigFile& file, const std::string& host) {
  const bool isSecret = !file.textOr("xmpp.proxy_file", "").empty();
  const char* const key = isSecret ? "xmpp.proxy_file" : "xmpp.proxy";
  const auto given = file.textOr("xmpp.proxy", "");
  if (isSecret && !given.empty()) {
    file.reject(key, "there is xmpp.proxy, too", "leave one of them out");
    return std::nullopt;
  }
  const auto url = isSecret ? file.secret(key) : given;
  if (url.empty()) {
    auto ours = environmentsProxy(host);
    if (!ours) file.reject("xmpp.proxy", ours.error().cause, ours.error().nextStep);
    return ours ? *ours : std::nullopt;
  }
  auto proxy = xmpp::Proxy::parse(url);
  if (!proxy) {
    file.reject(key, proxy.error().cause, proxy.error().nextStep);
    return std::nullopt;
  }
  if (!isSecret && !proxy->password.empty())
    file.reject(key, "it holds a password, and everybody may read this file",
                "write the address into a file with mode 0600, and name that: xmpp.proxy_file");
  return *proxy;
}

}  // namespace beckon::apps
