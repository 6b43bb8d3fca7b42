#pragma once

#include "localbus/tls_context.hpp"

#include <cstdint>
#include <functional>

namespace beckon::bench {

// The least that a gateway could do: ends TLS and copies what is in it to a port of this computer, and back. One
// connection after the other, until it is killed. Tells `ready` its own port.
void forwardTls(std::uint16_t to, const localbus::TlsContext& tls, const std::function<void(std::uint16_t)>& ready);

}  // namespace beckon::bench
