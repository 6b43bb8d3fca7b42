#pragma once

#include "core/run/error.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace beckon::doctor {

// One thing that was found out.
struct Fact {
  enum class Kind { good, remark, bad };
  Kind kind;
  std::string step;  // "name", "port", "certificate", "authentication" ...
  std::string text;
  std::chrono::milliseconds took;  // the step that told it
};

struct Report {
  std::string target;
  std::vector<Fact> facts;
  std::vector<run::Error> problems;  // each with what to do
  std::string generation;            // of the peer; empty where nothing tells it
  std::chrono::milliseconds took{};

  bool isSound() const { return problems.empty(); }
};

// "ok    port            robot:9559 speaks qi (12 ms)" and a newline.
std::string textOf(const Fact& fact);
// The problems, and whether it is sound.
std::string conclusionOf(const Report& report);
std::string jsonOf(const Report& report);

}  // namespace beckon::doctor
