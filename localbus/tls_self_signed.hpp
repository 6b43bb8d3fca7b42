#pragma once

#include "localbus/tls_context.hpp"

namespace beckon::localbus {

// Makes a key on P-256 (mode 0600) and a certificate that it signs itself, unless both files are there already. It
// names no host and has no end: whoever dials knows it by its key (tls_key.hpp), and a robot's clock may be wrong.
// Error invalidConfig: a file cannot be written.
run::Result<> makeSelfSigned(const TlsKeyPair& files);

}  // namespace beckon::localbus
