#pragma once

#include "core/qi/bytes.hpp"

#include <string>

namespace beckon::doctor {

// Who answers at a port, as far as the first bytes that he sent tell it.
enum class Speech { nothing, qi, tls, http, other };

Speech speechOf(qi::ByteView first);

// The same for people, of what is neither qi nor TLS: "HTTP (nginx/1.18)", "SSH (SSH-2.0-OpenSSH_9.2)". At most some
// 100 characters, all printable: a stranger wrote them.
std::string speaker(qi::ByteView first);

}  // namespace beckon::doctor
