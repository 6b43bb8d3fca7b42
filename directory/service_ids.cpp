#include "directory/service_ids.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

namespace beckon::directory {

using run::Code;
using run::Error;
using run::Result;

namespace {

// Always of one length: what is written over is written over whole.
constexpr std::size_t length = 11;  // ten digits and the end of the line

Error unusable(const std::filesystem::path& file, const std::string& why, const std::string& next) {
  return {Code::invalidConfig, "the numbers of services cannot be kept in " + file.string() + ": " + why, next};
}

}  // namespace

Result<ServiceIds> ServiceIds::open(const std::filesystem::path& file) {
  const auto cannot = [&] {
    return unusable(file, std::strerror(errno), "name a file in a folder that this program may write to");
  };
  ServiceIds ids;
  ids.file_ = file;
  ids.descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (ids.descriptor_ < 0) return cannot();
  if (::flock(ids.descriptor_, LOCK_EX | LOCK_NB) != 0)
    return unusable(file, "another directory uses it", "give each directory a file of its own");
  std::array<char, length + 1> text{};
  const auto size = ::pread(ids.descriptor_, text.data(), text.size(), 0);
  if (size < 0) return cannot();
  if (size > 0) {
    const auto end = text.data() + length - 1;
    const auto read = std::from_chars(text.data(), end, ids.next_);
    if (size != length || read.ec != std::errc() || read.ptr != end || ids.next_ < 2)
      return unusable(file, "it holds something else", "remove it, or name another file");
  }
  ids.reserved_ = ids.next_;
  if (const auto reserved = ids.reserve(); !reserved) return reserved.error();
  return ids;
}

ServiceIds::~ServiceIds() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ServiceIds& ServiceIds::operator=(ServiceIds&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(next_, other.next_);
  std::swap(reserved_, other.reserved_);
  return *this;
}

Result<std::uint32_t> ServiceIds::next() {
  if (next_ == ~0u)
    return Error{Code::overloaded, "no number is left for another service", "remove the file of numbers"};
  if (next_ == reserved_)
    if (const auto reserved = reserve(); !reserved) return reserved.error();
  return next_++;
}

Result<> ServiceIds::reserve() {
  const auto until = reserved_ > ~0u - block ? ~0u : reserved_ + block;
  std::array<char, length + 1> text{};
  std::snprintf(text.data(), text.size(), "%010u\n", until);
  if (::pwrite(descriptor_, text.data(), length, 0) != static_cast<ssize_t>(length) || ::fsync(descriptor_) != 0)
    return Error{Code::overloaded, "no number can be reserved in " + file_.string() + ": " + std::strerror(errno),
                 "make room on its disk"};
  reserved_ = until;
  return {};
}

ServiceIds keptIds(const std::filesystem::path& file, const run::Log& log) {
  if (file.empty()) return {};
  auto ids = ServiceIds::open(file);
  if (ids) return std::move(*ids);
  log->warn("{}; {}. Numbers begin anew at each start", ids.error().cause, ids.error().nextStep);
  return {};
}

}  // namespace beckon::directory
