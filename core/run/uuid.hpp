#pragma once

#include <string>

namespace beckon::run {

// A random UUID (RFC 4122, version 4), "f81d4fae-7dec-41d0-a765-00a0c91e6bf6", from the system's generator.
std::string makeUuid();

}  // namespace beckon::run
