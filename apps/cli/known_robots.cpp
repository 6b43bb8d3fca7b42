#include "apps/cli/known_robots.hpp"

#include "apps/cli/robot_target.hpp"
#include "localbus/tls_key.hpp"

#include <unistd.h>

#include <fstream>

namespace beckon::cli {

using run::Code;
using run::Error;
using run::Result;

std::filesystem::path KnownRobots::usualFile() { return usualConfig().parent_path() / "known-robots"; }

Result<KnownRobots> KnownRobots::open(std::filesystem::path file) {
  KnownRobots out;
  std::ifstream in(file);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const auto space = line.find(' ');
    if (space == std::string::npos || space + 1 == line.size() || !localbus::readFingerprint(line.substr(0, space)))
      return Error{Code::invalidConfig, file.string() + ":" + std::to_string(number) + ": not a key and a robot's name",
                   "write SHA256:HEX NAME, or remove the line"};
    out.keys_[line.substr(space + 1)] = line.substr(0, space);
  }
  out.file_ = std::move(file);
  return out;
}

std::optional<std::string> KnownRobots::key(const std::string& name) const {
  const auto found = keys_.find(name);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

Result<> KnownRobots::remember(const std::string& name, const std::string& key) {
  if (this->key(name) == key) return {};
  keys_[name] = key;
  std::error_code problem;
  std::filesystem::create_directories(file_.parent_path(), problem);
  const auto draft = file_.string() + "." + std::to_string(::getpid());
  std::ofstream out(draft);
  for (const auto& [known, itsKey] : keys_) out << itsKey << " " << known << "\n";
  out.close();
  if (out) std::filesystem::rename(draft, file_, problem);
  if (out && !problem) return {};
  std::filesystem::remove(draft, problem);
  return Error{Code::invalidConfig, "cannot write " + file_.string(), "check its folder and the room on the disk"};
}

}  // namespace beckon::cli
