#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace beckon::watchdog {

// One watchdog for a robot at a time: a file that is locked for as long as the process lives. Another's may have a stop
// before it still, when beckond has been killed and started anew.
class Turn {
 public:
  Turn() = default;
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Whose turn is told in that file, which is made.
  void use(std::filesystem::path file) { file_ = std::move(file); }
  // Tries to have it, if need be. Nothing: it is ours. Otherwise why not.
  std::optional<std::string> take();

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;  // open: it is ours
};

}  // namespace beckon::watchdog
