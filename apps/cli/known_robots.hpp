#pragma once

#include "core/run/error.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace beckon::cli {

// The keys of the robots that this user has met in a network, by name: a file with a line for each, "SHA256:HEX NAME".
class KnownRobots {
 public:
  // Beside the usual configuration.
  static std::filesystem::path usualFile();
  // A file that is not there knows nobody. Error invalidConfig names the line that is wrong.
  static run::Result<KnownRobots> open(std::filesystem::path file);

  std::optional<std::string> key(const std::string& name) const;
  // From now on, in the file too, which is replaced as a whole.
  run::Result<> remember(const std::string& name, const std::string& key);

 private:
  std::filesystem::path file_;
  std::map<std::string, std::string> keys_;
};

}  // namespace beckon::cli
