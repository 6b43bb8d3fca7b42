#pragma once

#include "core/run/error.hpp"

#include <filesystem>
#include <optional>

namespace beckon::run {

// Why a file that holds a secret must not be used: others than its owner may read or write it. None if it is private
// (mode 0600 or less) or not there. Error invalidConfig, with the command that mends it.
std::optional<Error> exposure(const std::filesystem::path& file);

}  // namespace beckon::run
