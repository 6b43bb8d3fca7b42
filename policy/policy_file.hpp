#pragma once

#include "core/run/log.hpp"
#include "policy/authority.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

namespace beckon::policy {

// The policy file of a running program: what is written into it takes effect within half a second, whoever wrote it and
// however (docs/design/021). A file with a fault in it is refused as a whole and told in the log with line and column;
// so is one that went. Then the policy stays that was.
class PolicyFile {
 public:
  // How often it is looked at. A file is read once it has looked the same for one such time, so that one being written
  // is left to finish.
  static constexpr std::chrono::milliseconds usualPause{200};
  // No policy has more; what has is something else.
  static constexpr std::size_t largest = 4 * 1024 * 1024;

  // Reads it once. Error invalidConfig with file, line and column.
  static run::Result<std::shared_ptr<const Policy>> load(const std::filesystem::path& path);

  // `authority` has what load() gave just before, and outlives this.
  PolicyFile(boost::asio::io_context& io, std::filesystem::path path, Authority& authority, run::Log log,
             std::chrono::milliseconds pause = usualPause);
  ~PolicyFile();  // stops
  PolicyFile(const PolicyFile&) = delete;
  PolicyFile& operator=(const PolicyFile&) = delete;

  void start();
  void stop();  // for good

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::policy
