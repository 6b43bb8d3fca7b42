#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace beckon::cli {

// `text` for somebody else to read: without the values of TOML keys that are called a password, token or secret (but
// for the names of their files), without tokens, private keys, and `known` secrets wherever they stand. What was taken
// out says so.
std::string withoutSecrets(std::string_view text, const std::vector<std::string>& known);

}  // namespace beckon::cli
