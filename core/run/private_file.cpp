#include "core/run/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace beckon::run {
namespace {

// A rename is on the disk once its folder is. Where that cannot be had, the file is whole all the same.
void syncFolderOf(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

std::optional<Error> exposure(const std::filesystem::path& file) {
  struct ::stat status {};
  if (::stat(file.c_str(), &status) != 0 || !(status.st_mode & 077)) return {};
  return Error{Code::invalidConfig, file.string() + " can be read by others", "chmod 600 " + file.string()};
}

Result<> writePrivately(const std::filesystem::path& file, std::string_view content) {
  // Written aside, under a name that no other process has, then renamed.
  auto draft = file.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(draft.data(), O_CLOEXEC);
  bool isWritten = descriptor >= 0;
  while (isWritten && !content.empty()) {
    const auto count = ::write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    isWritten = count > 0;
    if (isWritten) content.remove_prefix(static_cast<std::size_t>(count));
  }
  isWritten = isWritten && ::fsync(descriptor) == 0 && std::rename(draft.c_str(), file.c_str()) == 0;
  if (isWritten) syncFolderOf(file);
  const std::string why = std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  if (isWritten) return {};
  ::unlink(draft.c_str());
  return Error{Code::invalidConfig, "cannot write " + file.string() + ": " + why,
               "make its folder writable, and see that there is room on the disk"};
}

}  // namespace beckon::run
