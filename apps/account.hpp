#pragma once

#include "core/run/config.hpp"
#include "fleet/membership.hpp"
#include "xmpp/client_stream.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace beckon::apps {

// The part of a configuration that robot and remote have in common: [xmpp] account, password_file, host, port,
// proxy, ca_file. What is wrong becomes the file's problem (ConfigFile::finish).
xmpp::ClientStreamConfig readAccount(run::ConfigFile& file);
// The same of who is enrolled in a fleet; nothing then need be configured. Error invalid-config: the environment's
// proxy.
run::Result<xmpp::ClientStreamConfig> accountOf(const fleet::Membership& membership);
// Of [xmpp] where it names an account, else of `membership`; both are one too many.
xmpp::ClientStreamConfig readAccount(run::ConfigFile& file, const std::optional<fleet::Membership>& membership);
// A list of bare JIDs.
std::vector<xmpp::Jid> readJids(run::ConfigFile& file, std::string_view key);

}  // namespace beckon::apps
