#pragma once

#include "core/run/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace beckon::policy::audit {

// A file (0600) that only grows, by whole appends.
class SegmentFile {
 public:
  SegmentFile() = default;
  ~SegmentFile();
  SegmentFile(SegmentFile&& other) noexcept;
  SegmentFile& operator=(SegmentFile&& other) noexcept;

  // Made if it is not there. Errors here and below: internal, with what the system said.
  static run::Result<SegmentFile> open(const std::filesystem::path& path);
  // All of it, in one system call where the disk is sound, or nothing.
  run::Result<> append(std::string_view bytes);
  // Waits until it would survive a power failure.
  run::Result<> sync();
  // Room on the disk for that many bytes behind the end, for appends that may not fail. Without error where the file
  // system cannot promise it.
  run::Result<> reserve(std::uint64_t bytes);
  // Cuts it there.
  run::Result<> cut(std::uint64_t size);

  bool isOpen() const { return descriptor_ >= 0; }
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  run::Error problem(const char* what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0, reserved_ = 0;
  bool isTorn_ = false;  // bytes of an append that failed are behind the end
};

}  // namespace beckon::policy::audit
