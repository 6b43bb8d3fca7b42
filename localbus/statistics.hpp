#pragma once

#include "core/qi/value_coder.hpp"
#include "localbus/invocation.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>

namespace beckon::localbus {

// Seconds.
struct MinMaxSum {
  float minValue = 0, maxValue = 0, cumulatedValue = 0;
  void push(float value, bool isFirst);
};

struct MethodStatistics {
  std::uint32_t count = 0;
  MinMaxSum wall;          // from the call to its answer
  MinMaxSum user, system;  // of the thread, while the method ran
};

struct TraceTime {
  std::int64_t tv_sec = 0, tv_usec = 0;  // since 1970
};

// One line of a trace, the argument of signal 86.
struct EventTrace {
  static constexpr std::int32_t call = 1, result = 2, error = 3, signal = 4;  // kind

  std::uint32_t id = 0;  // of the call; its result or error bears the same
  std::int32_t kind = 0;
  std::uint32_t slotId = 0;  // the method or signal
  qi::Value arguments;       // a list of all of them, the result, or the text of the error
  TraceTime timestamp;
  std::int64_t userUsTime = 0, systemUsTime = 0;       // microseconds
  std::uint32_t callerContext = 0, calleeContext = 0;  // the connection, the thread
};

// Statistics and trace of an object, actions 80 to 86. Costs a call nothing while neither is switched on.
class CallRecorder : public std::enable_shared_from_this<CallRecorder> {
 public:
  using Trace = std::function<void(const EventTrace&)>;
  explicit CallRecorder(Trace trace) : trace_(std::move(trace)) {}
  // The object is gone: calls in flight are no longer recorded.
  void end() { trace_ = {}; }

  bool isStatsEnabled() const { return isStatsEnabled_; }
  void enableStats(bool enable) { isStatsEnabled_ = enable; }
  const std::map<std::uint32_t, MethodStatistics>& stats() const { return stats_; }
  void clearStats() { stats_.clear(); }
  bool isTraceEnabled() const { return isTraceEnabled_; }
  void enableTrace(bool enable) { isTraceEnabled_ = enable; }
  bool isActive() const { return isStatsEnabled_ || isTraceEnabled_; }

  // Runs `method` and records it until it has answered.
  using Method = std::function<void(Invocation)>;
  void record(const Method& method, const qi::MetaMethod& meta, Invocation call);
  void recordSignal(const qi::MetaSignal& meta, qi::ByteView arguments);

 private:
  class Recorded;
  void answered(const Recorded& call, const run::Result<qi::Bytes>& result);
  void tell(EventTrace event);

  Trace trace_;
  bool isStatsEnabled_ = false, isTraceEnabled_ = false;
  std::map<std::uint32_t, MethodStatistics> stats_;  // by method
  std::uint32_t lastTrace_ = 0;
};

}  // namespace beckon::localbus

template <>
struct beckon::qi::Struct<beckon::localbus::MinMaxSum> {
  using T = beckon::localbus::MinMaxSum;
  static constexpr Text name{"MinMaxSum"};
  static constexpr auto fields =
      std::tuple{Field{Text{"minValue"}, &T::minValue}, Field{Text{"maxValue"}, &T::maxValue},
                 Field{Text{"cumulatedValue"}, &T::cumulatedValue}};
};

template <>
struct beckon::qi::Struct<beckon::localbus::MethodStatistics> {
  using T = beckon::localbus::MethodStatistics;
  static constexpr Text name{"MethodStatistics"};
  static constexpr auto fields = std::tuple{Field{Text{"count"}, &T::count}, Field{Text{"wall"}, &T::wall},
                                            Field{Text{"user"}, &T::user}, Field{Text{"system"}, &T::system}};
};

template <>
struct beckon::qi::Struct<beckon::localbus::TraceTime> {
  using T = beckon::localbus::TraceTime;
  static constexpr Text name{"timeval"};
  static constexpr auto fields = std::tuple{Field{Text{"tv_sec"}, &T::tv_sec}, Field{Text{"tv_usec"}, &T::tv_usec}};
};

template <>
struct beckon::qi::Struct<beckon::localbus::EventTrace> {
  using T = beckon::localbus::EventTrace;
  static constexpr Text name{"EventTrace"};
  static constexpr auto fields = std::tuple{Field{Text{"id"}, &T::id},
                                            Field{Text{"kind"}, &T::kind},
                                            Field{Text{"slotId"}, &T::slotId},
                                            Field{Text{"arguments"}, &T::arguments},
                                            Field{Text{"timestamp"}, &T::timestamp},
                                            Field{Text{"userUsTime"}, &T::userUsTime},
                                            Field{Text{"systemUsTime"}, &T::systemUsTime},
                                            Field{Text{"callerContext"}, &T::callerContext},
                                            Field{Text{"calleeContext"}, &T::calleeContext}};
};
