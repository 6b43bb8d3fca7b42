#include "core/run/machine_id.hpp"

#include "core/run/uuid.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace beckon::run {

Result<std::string> machineId(const std::filesystem::path& home) {
  const auto file = home / ".config" / "qimessaging" / "machine_id";
  std::string id;
  if (std::ifstream existing(file); existing >> id) return id;

  id = makeUuid();
  std::error_code problem;
  std::filesystem::create_directories(file.parent_path(), problem);
  // Another program may be doing the same: the first file that is complete counts.
  const auto draft = file.parent_path() / ("machine_id." + id);
  std::ofstream(draft) << id << '\n';
  std::filesystem::create_hard_link(draft, file, problem);
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  if (std::ifstream made(file); made >> id) return id;
  return Error{Code::invalidConfig, "the machine's id cannot be kept in " + file.string() + ": " + problem.message(),
               "make the folder writable, or set HOME to one that is"};
}

Result<std::string> machineId() {
  if (const char* home = std::getenv("HOME"); home && *home) return machineId(std::filesystem::path(home));
  const auto* user = ::getpwuid(::getuid());
  return machineId(std::filesystem::path(user ? user->pw_dir : "/"));
}

}  // namespace beckon::run
