#pragma once

#include "policy/tokens.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fstream>
#include <iterator>

namespace beckon::test {

// A clock that is set by hand, at a time when clocks are right.
inline const policy::WallTime today = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22);

// The folder of a robot's state and the store in it, as often as it is opened.
struct Store {
  TemporaryFolder folder;

  std::filesystem::path file() const { return folder.path() / policy::Tokens::fileName; }
  policy::Tokens open() const { return policy::Tokens::open(file()).value(); }
  // All that lies there, the write-ahead log with it.
  std::string content() const {
    std::string out;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      out.append(std::istreambuf_iterator<char>(in), {});
    }
    return out;
  }
};

}  // namespace beckon::test
