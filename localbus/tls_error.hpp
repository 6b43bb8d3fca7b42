#pragma once

#include "core/run/error.hpp"

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace beckon::localbus {

// What OpenSSL's own codes are told with. A TlsChannel keeps one and hangs it on its SSL as app data.
struct TlsPeer {
  std::string name;                        // as in "the certificate of ...": the host that was dialled, or "the client"
  std::optional<run::Error> rejection;     // why its certificate does not verify
  std::array<std::uint8_t, 4> greeting{};  // the first bytes that it sent
  std::size_t greeted = 0;                 // of them, how many have come
  bool isEstablished = false;              // the handshake was done once, whatever came later
};

// OpenSSL's verify callback: notes in the TlsPeer why a certificate is rejected. Accepts nothing that OpenSSL does not.
int noteRejection(int accepted, X509_STORE_CTX* store);

// Why OpenSSL's last operation with that peer failed: badCertificate, protocolError.
run::Error tlsFailure(const TlsPeer& peer);

// OpenSSL's text of the first error in its queue, which is emptied.
std::string lastTlsReason();

}  // namespace beckon::localbus
