#include "apps/proxy.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace beckon::apps {
namespace {

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

bool isThisComputer(const std::string& host) {
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(host, problem);
  return host == "localhost" || (!problem && address.is_loopback());
}

// no_proxy=lab.example covers lab.example and what ends in .lab.example.
bool isCovered(const std::string& host, std::string_view list) {
  while (!list.empty()) {
    auto entry = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
    while (entry.starts_with(' ') || entry.starts_with('.')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry == "*" || (!entry.empty() && host == entry)) return true;
    if (!entry.empty() && host.size() > entry.size() && host.ends_with(entry) &&
        host[host.size() - entry.size() - 1] == '.')
      return true;
  }
  return false;
}

}  // namespace

run::Result<std::optional<xmpp::Proxy>> environmentsProxy(const std::string& host) {
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
