#pragma once

#include "core/qi/meta_object.hpp"
#include "core/qi/value.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace beckon::cli {

// A call, its answer or error, or an event, as the trace of its service tells it. A post looks like a call whose answer
// nobody gets.
struct Passed {
  enum class Kind { call, answer, error, event };
  Kind kind = Kind::call;
  std::uint32_t id = 0;  // an answer or error has that of its call
  std::string member;
  qi::Value content;                                  // arguments (a Tuple), the result, the text of the error
  std::chrono::microseconds time{0};                  // since 1970, by the clock of the service
  std::optional<std::chrono::microseconds> duration;  // of answers and errors whose call was told
  std::chrono::microseconds user{0}, system{0};       // of the thread, while the method ran
  std::uint32_t caller = 0;                           // its connection, as the service counts them
  std::uint64_t bytes = 0;                            // of `content`, encoded
  bool isWhole = true;  // false: raw data or objects are in it, which a trace does not show; `bytes` is without them
};

// Reads the trace of one service, signal 86 (docs/protocol/qi.md).
class TraceReader {
 public:
  // Calls without an answer that are remembered for its duration; above it the oldest is forgotten.
  static constexpr std::size_t maxPending = 65536;

  // The service is there, for the first time or again.
  void begin(qi::MetaObject metaObject);
  // It is gone: its numbers begin anew, and calls in flight are not answered.
  void end();
  // Of an event of the signal. Error badArguments: it is no trace.
  run::Result<Passed> read(const qi::Value& event);
  // Calls and events that were not told, as their numbers show: this program did not read fast enough. The threads of a
  // libqi service may tell in another order than they count; the number is right once all have told.
  std::uint64_t missed() const;

 private:
  void count(std::uint32_t id);

  qi::MetaObject metaObject_;
  std::map<std::uint32_t, std::chrono::microseconds> pending_;  // calls, when they came
  std::uint32_t first_ = 0, last_ = 0;                          // numbers told; 0: none yet
  std::uint64_t told_ = 0;
  std::uint64_t missedBefore_ = 0;
};

}  // namespace beckon::cli
