#pragma once

#include "core/run/error.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace beckon::xmpp {

// Whose certificates a client's streams believe: those of the system's authorities, and of the PEM file `caFile` if
// there is one. Streams may share it; it takes about 0.5 MB with the authorities of Debian.
// Error invalid-config: the file cannot be read.
run::Result<std::shared_ptr<boost::asio::ssl::context>> trust(const std::string& caFile);

}  // namespace beckon::xmpp
