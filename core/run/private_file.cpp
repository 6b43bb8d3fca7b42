#include "core/run/private_file.hpp"

#include <sys/stat.h>

namespace beckon::run {

std::optional<Error> exposure(const std::filesystem::path& file) {
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0 || !(status.st_mode & 077)) return {};
  return Error{Code::invalidConfig, file.string() + " can be read by others", "chmod 600 " + file.string()};
}

}  // namespace beckon::run
