#pragma once

#include "apps/doctor/stream.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <vector>

namespace beckon::doctor {

// The addresses of a host, those of IPv4 first, each once. Errors unreachable, with the system's words; timedOut. The
// system's resolver cannot be cut short: after a timeout it is left alone, on a thread of its own.
asio::awaitable<run::Result<std::vector<asio::ip::address>>> resolve(std::string host, Deadline until);

}  // namespace beckon::doctor
