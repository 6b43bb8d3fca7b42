#include "localbus/statistics.hpp"

#include "core/qi/convert.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace beckon::localbus {

using run::Result;
using std::chrono::steady_clock;

namespace {

// Microseconds of this thread.
struct Cpu {
  std::int64_t user = 0, system = 0;

  static Cpu now() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    const auto micro = [](const timeval& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; };
    return {micro(usage.ru_utime), micro(usage.ru_stime)};
  }
  Cpu operator-(const Cpu& other) const { return {user - other.user, system - other.system}; }
};

TraceTime wallClock() {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  return {now / 1'000'000, now % 1'000'000};
}

// libqi shows neither objects nor raw data in a trace.
qi::Value shown(qi::Value value) {
  if (value.inner().as<qi::ObjectRef>() || value.inner().as<qi::Bytes>())
    return std::string(
        "<??"
        ">");
  return value;
}

qi::Value shownArguments(const Result<qi::Value>& arguments) {
  qi::List list{qi::Signature::of("m"), {}};
  if (const auto* tuple = arguments ? arguments->as<qi::Tuple>() : nullptr)
    for (const auto& item : tuple->items) list.items.push_back(qi::dynamic(shown(item)));
  return qi::dynamic(list);
}

constexpr float micro = 1e-6f;

}  // namespace

void MinMaxSum::push(float value, bool isFirst) {
  minValue = isFirst ? value : std::min(minValue, value);
  maxValue = isFirst ? value : std::max(maxValue, value);
  cumulatedValue += value;
}

// Stands between a method and who waits for it, whom a post does not have.
class CallRecorder::Recorded final : public Waiting {
 public:
  struct Progress {
    Cpu begin = Cpu::now();
    std::optional<Cpu> used;  // once the method has returned
  };

  Recorded(std::shared_ptr<CallRecorder> recorder, Invocation& call, const qi::MetaMethod& meta, EventTrace event)
      : recorder_(std::move(recorder)),
        caller_(std::move(call.respond)),
        plain_(call.format.plain()),
        returns_(meta.returnSignature),
        event_(std::move(event)) {}

  std::optional<qi::ObjectFormat> format() const override {
    auto format = caller_.format();
    return format ? format : plain_;
  }
  void answer(Result<qi::Bytes> result) override {
    recorder_->answered(*this, result);
    caller_(std::move(result));
  }
  void canceled() override {
    recorder_->answered(*this, run::Error{run::Code::canceled, "Call has been canceled.", {}});
    caller_.canceled();
  }
  void onCancel(run::UniqueFunction<void()> handler) override { caller_.onCancel(std::move(handler)); }

  const EventTrace& event() const { return event_; }
  Result<qi::Value> decoded(qi::ByteView result) const {
    return qi::decodeValue(result, qi::Signature::of(returns_), plain_);
  }
  const std::shared_ptr<Progress>& progress() const { return progress_; }
  float wallTime() const { return std::chrono::duration<float>(steady_clock::now() - begin_).count(); }

 private:
  std::shared_ptr<CallRecorder> recorder_;
  Responder caller_;
  qi::ObjectFormat plain_;
  std::string returns_;
  EventTrace event_;
  steady_clock::time_point begin_ = steady_clock::now();
  std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
};

void CallRecorder::record(const Method& method, const qi::MetaMethod& meta, Invocation call) {
  EventTrace event;
  event.kind = EventTrace::call;
  event.slotId = meta.uid;
  event.callerContext = static_cast<std::uint32_t>(call.caller.connection);
  if (isTraceEnabled_) {
    event.id = ++lastTrace_;
    auto traced = event;
    traced.arguments = shownArguments(
        qi::decodeValue(call.arguments, qi::Signature::of(meta.parametersSignature), call.format.plain()));
    tell(std::move(traced));
  }
  auto recorded = std::make_unique<Recorded>(shared_from_this(), call, meta, std::move(event));
  const auto progress = recorded->progress();
  method({call.caller, call.arguments, call.format, Responder(std::move(recorded))});
  progress->used = Cpu::now() - progress->begin;
}

void CallRecorder::answered(const Recorded& call, const Result<qi::Bytes>& result) {
  const auto used = call.progress()->used ? *call.progress()->used : Cpu::now() - call.progress()->begin;
  if (isStatsEnabled_) {
    auto& stats = stats_[call.event().slotId];
    const bool isFirst = stats.count++ == 0;
    stats.wall.push(call.wallTime(), isFirst);
    stats.user.push(static_cast<float>(used.user) * micro, isFirst);
    stats.system.push(static_cast<float>(used.system) * micro, isFirst);
  }
  auto event = call.event();
  if (!isTraceEnabled_ || event.id == 0) return;  // 0: the call came before the trace
  event.kind = result ? EventTrace::result : EventTrace::error;
  event.userUsTime = used.user;
  event.systemUsTime = used.system;
  if (!result)
    event.arguments = qi::dynamic(result.error().cause);
  else if (const auto value = call.decoded(*result))
    event.arguments = qi::dynamic(shown(*value));
  tell(std::move(event));
}

void CallRecorder::recordSignal(const qi::MetaSignal& meta, qi::ByteView arguments) {
  EventTrace event;
  event.id = ++lastTrace_;
  event.kind = EventTrace::signal;
  event.slotId = meta.uid;
  event.arguments = shownArguments(qi::decodeValue(arguments, qi::Signature::of(meta.signature)));
  tell(std::move(event));
}

void CallRecorder::tell(EventTrace event) {
  event.timestamp = wallClock();
  event.calleeContext = static_cast<std::uint32_t>(::gettid());
  if (trace_) trace_(event);
}

}  // namespace beckon::localbus
