#pragma once

#include "core/run/config.hpp"
#include "xmpp/proxy.hpp"

#include <optional>
#include <string>

namespace beckon::apps {

// The proxy that is the only way out to `host` (a name or an address): of [xmpp] proxy or proxy_file, else of the
// environment. What is wrong becomes the file's problem.
std::optional<xmpp::Proxy> readProxy(run::ConfigFile& file, const std::string& host);

// As other programs read it: https_proxy, else all_proxy, in small letters or capitals; no_proxy lists hosts, domains and
// networks (10.0.0.0/8) that it is not for, with commas; * is all. Nor is it for this computer's own addresses. Error
// invalid-config names the variable.
run::Result<std::optional<xmpp::Proxy>> environmentsProxy(const std::string& host);

}  // namespace beckon::apps
