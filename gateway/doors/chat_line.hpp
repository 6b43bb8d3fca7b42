#pragma once

#include "core/run/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace beckon::gateway {

// The words of a line that somebody wrote in a chat (docs/protocol/commands.md, "By chat"). They are parted by blanks.
// One that begins with a quotation mark goes on to the next one: "..." with \", \\ and \n in it, '...' as it stands,
// and “...” as keyboards of phones write them. One that begins with [ or { is JSON, if it is: up to the end of that.
// Errors: badArguments.
run::Result<std::vector<std::string>> wordsOf(std::string_view line);

}  // namespace beckon::gateway
