#pragma once

#include "core/run/error.hpp"

#include <filesystem>
#include <string>

namespace beckon::run {

// The UUID that says whether two programs run on one machine, as libqi keeps it: one for each machine and
// user, in $HOME/.config/qimessaging/machine_id, made when it is first asked for. Where the file can
// be neither read nor written: error invalidConfig.
Result<std::string> machineId(const std::filesystem::path& home);
// With $HOME, or the user's home folder where it is not set.
Result<std::string> machineId();

}  // namespace beckon::run
