#pragma once

#include "core/run/config.hpp"
#include "xmpp/strophe_stream.hpp"

#include <string_view>
#include <vector>

namespace beckon::apps {

// The part of a configuration that robot and remote have in common: [xmpp] account, password_file, host, port,
// ca_file. What is wrong becomes the file's problem (ConfigFile::finish).
xmpp::StropheConfig readAccount(run::ConfigFile& file);
// A list of bare JIDs.
std::vector<xmpp::Jid> readJids(run::ConfigFile& file, std::string_view key);

}  // namespace beckon::apps
