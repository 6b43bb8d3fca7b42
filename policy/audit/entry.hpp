#pragma once

#include "policy/words.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::policy::audit {

// What an entry is about. The texts are those of docs/protocol/audit.md.
enum class What : std::uint8_t {
  call,
  post,
  get,
  set,
  watch,
  unwatch,  // a watch has ended
  provide,  // a service of somebody outside ("register")
  list,     // only where it is refused to somebody who may nothing at all
  enter,    // somebody came in, or was turned away
  leave,
  policy,   // another version is in force
  token,    // one has ended
  lease,    // of control
  start,    // of the robot's side
  torn,     // the end of the record was, and was put aside
  removed,  // a segment, by age or for room
  lost,     // entries that could not be written
  more      // refusals that were counted and not written
};

enum class Outcome : std::uint8_t {
  none,       // it is no act
  done,       // answered with a result
  sent,       // given to the service, which does not answer it
  failed,     // answered with an error of the service's, or of the way to it
  canceled,   // by the caller, and the service honoured it
  refused,    // nothing was done
  unanswered  // the caller went before the answer came
};

What whatOf(Verb verb);
std::string_view text(What what);
std::string_view text(Outcome outcome);

// One line of the record. Texts may be anything that came from outside: they are written as UTF-8 without control
// characters, cut at `longestText`. Empty texts and numbers that are absent are left out. Never a token or another
// secret: there is no place for one but `arguments`.
struct Entry {
  static constexpr std::size_t longestText = 512;        // bytes
  static constexpr std::size_t longestArguments = 4096;  // bytes

  What what = What::call;
  Outcome outcome = Outcome::none;
  std::string_view why = {};   // a stable code where one is known (run::codeText), else what decided: "door", "no-rule"
  std::string_view door = {};  // "iq", "lan"
  std::string_view who = {};   // the principal
  std::string_view session = {};
  std::string_view id = {};  // by which the caller knows the request
  std::string_view service = {}, member = {};
  std::string_view rule = {};    // what granted it, or whose condition does not hold
  std::string_view policy = {};  // its version
  std::string_view note = {};    // for people
  std::optional<std::chrono::microseconds> took = {};
  std::optional<std::uint64_t> in = {}, out = {};  // bytes of the arguments, of the result
  std::optional<std::uint64_t> count = {};         // of lost, more
  std::optional<std::string_view> arguments = {};  // JSON
};

// Makes lines of entries.
class Writer {
 public:
  // `clock`: of the steady clock, which orders entries where the wall clock was set meanwhile.
  void write(std::string& out, const Entry& entry, std::chrono::system_clock::time_point at,
             std::chrono::microseconds clock);

 private:
  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::min();
  std::string secondText_;  // formatting a date costs more than the rest of an entry
};

// "2026-11-22T18:20:00" of a time in UTC.
std::string utcText(std::chrono::sys_seconds time);

}  // namespace beckon::policy::audit
