#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"

#include <cstdint>
#include <filesystem>

namespace beckon::directory {

// The numbers that a directory gives to services, counting up from 2 (1 is the directory itself), none of them twice.
// With a file they do not repeat after a restart either, a kill -9 included: numbers are reserved there in blocks, and
// on the disk before the first of a block is given. What was reserved and not given is lost.
class ServiceIds {
 public:
  // Reserved at a time: a wait for the disk is paid by one registration in 4096, and 2^32 numbers outlast a million
  // restarts.
  static constexpr std::uint32_t block = 4096;

  // They repeat after a restart.
  ServiceIds() = default;
  // Makes the file if it is not there. Nobody else may use it at the same time.
  // Error invalidConfig: it cannot be written, another directory uses it, or it does not hold a number.
  static run::Result<ServiceIds> open(const std::filesystem::path& file);
  ~ServiceIds();
  ServiceIds(ServiceIds&& other) noexcept { *this = std::move(other); }
  ServiceIds& operator=(ServiceIds&& other) noexcept;

  // Error overloaded: no number is left, or none could be reserved.
  run::Result<std::uint32_t> next();

 private:
  run::Result<> reserve();

  std::filesystem::path file_;
  int descriptor_ = -1;           // open and locked; -1: no file
  std::uint32_t next_ = 2;        // the next to give
  std::uint32_t reserved_ = ~0u;  // the first that is not ours to give
};

// For a directory's start: those of `file`; without one, or with one that cannot be used, those that repeat after a
// restart, and the log says so.
ServiceIds keptIds(const std::filesystem::path& file, const run::Log& log);

}  // namespace beckon::directory
