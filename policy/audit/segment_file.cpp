#include "policy/audit/segment_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace beckon::policy::audit {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::uint64_t step = 1024 * 1024;  // of reserving

}  // namespace

SegmentFile::~SegmentFile() {
  if (descriptor_ < 0) return;
  // Gives back what was reserved and not needed.
  if (reserved_ > size_) static_cast<void>(::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0);
  ::close(descriptor_);
}

SegmentFile::SegmentFile(SegmentFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      reserved_(other.reserved_),
      isTorn_(other.isTorn_) {}

SegmentFile& SegmentFile::operator=(SegmentFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(reserved_, other.reserved_);
  std::swap(isTorn_, other.isTorn_);
  return *this;
}

Error SegmentFile::problem(const char* what) const {
  const int code = errno;
  return {Code::internal, std::string("cannot ") + what + " " + path_.string() + ": " + std::strerror(code),
          code == ENOSPC || code == EDQUOT ? "make room on that disk" : "look at that disk, and who owns the file"};
}

Result<SegmentFile> SegmentFile::open(const std::filesystem::path& path) {
  SegmentFile out;
  out.path_ = path;
  out.descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat found {};
  if (out.descriptor_ < 0 || ::fstat(out.descriptor_, &found) != 0) return out.problem("open");
  out.size_ = out.reserved_ = static_cast<std::uint64_t>(found.st_size);
  return Result<SegmentFile>(boost::system::in_place_value, std::move(out));
}

Result<> SegmentFile::append(std::string_view bytes) {
  if (isTorn_)
    if (const auto mended = cut(size_); !mended) return mended;
  for (auto left = bytes; !left.empty();) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (written == 0) errno = ENOSPC;
      const auto why = problem("write to");
      // What a full disk took of it would be half a batch.
      isTorn_ = left.size() < bytes.size();
      if (isTorn_) static_cast<void>(cut(size_));
      return why;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += bytes.size();
  return {};
}

Result<> SegmentFile::sync() {
  if (::fdatasync(descriptor_) != 0) return problem("make lasting");
  return {};
}

Result<> SegmentFile::reserve(std::uint64_t bytes) {
  if (reserved_ >= size_ + bytes) return {};
  for (const auto ahead : {std::max(bytes, step), bytes}) {
    if (::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_ + ahead)) == 0) {
      reserved_ = size_ + ahead;
      return {};
    }
    if (errno != ENOSPC && errno != EDQUOT) return {};
  }
  return problem("reserve room for");
}

Result<> SegmentFile::cut(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return problem("cut");
  size_ = reserved_ = size;
  isTorn_ = false;
  return {};
}

}  // namespace beckon::policy::audit
