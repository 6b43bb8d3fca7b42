#pragma once

#include "core/run/error.hpp"

#include <filesystem>
#include <optional>
#include <string_view>

namespace beckon::run {

// Why a file that holds a secret must not be used: others than its owner may read or write it. None if it is private
// (mode 0600 or less) or not there. Error invalidConfig, with the command that mends it.
std::optional<Error> exposure(const std::filesystem::path& file);

// Puts `content` in the place of what the file holds (mode 0600): all of it or nothing, whatever is killed meanwhile,
// and on the disk when it returns. Error invalidConfig; then the file is as it was.
Result<> writePrivately(const std::filesystem::path& file, std::string_view content);

}  // namespace beckon::run
