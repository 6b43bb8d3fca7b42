#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace beckon::test {

// A program that runs beside the test and ends with it: killed by the destructor, and by the system should the test
// itself be killed.
class ChildProcess {
 public:
  // `command`: program (found in PATH) and arguments. Standard output and error go to `log`.
  ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void kill();  // -9, and waits for its end

 private:
  pid_t pid_ = -1;
};

}  // namespace beckon::test
