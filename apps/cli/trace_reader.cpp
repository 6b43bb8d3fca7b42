#include "apps/cli/trace_reader.hpp"

#include "core/qi/convert.hpp"
#include "localbus/statistics.hpp"

#include <algorithm>

namespace beckon::cli {

using localbus::EventTrace;
using qi::Value;
using std::chrono::microseconds;

namespace {

constexpr std::string_view notShown =
    "<??"
    ">";

struct Declared {
  std::string name, arguments, result;
};

Declared declared(const qi::MetaObject& metaObject, std::uint32_t slot) {
  if (const auto method = metaObject.methods.find(slot); method != metaObject.methods.end())
    return {method->second.name, method->second.parametersSignature, method->second.returnSignature};
  if (const auto signal = metaObject.signals.find(slot); signal != metaObject.signals.end())
    return {signal->second.name, signal->second.signature, ""};
  return {"#" + std::to_string(slot), "", ""};
}

// A part of a trace is a dynamic around what was sent, which may have been declared as a dynamic.
Value asSent(const Value& part, qi::Kind declared) { return declared == qi::Kind::dynamic ? part : part.inner(); }

bool isHidden(const Value& part, qi::Kind declared) {
  const auto* text = part.inner().as<std::string>();
  return text && *text == notShown && declared != qi::Kind::string;
}

void measure(Passed& passed, const Value& part, qi::Kind declared) {
  if (isHidden(part, declared)) {
    passed.isWhole = false;
    return;
  }
  qi::CarriedObjects objects;
  passed.bytes += qi::encodeValue(part, objects.format()).size();
}

qi::Kind kindOf(const run::Result<qi::Signature>& type) { return type ? type->kind() : qi::Kind::unknown; }

}  // namespace

void TraceReader::begin(qi::MetaObject metaObject) {
  end();
  metaObject_ = std::move(metaObject);
}

void TraceReader::end() {
  missedBefore_ = missed();
  pending_.clear();
  first_ = last_ = 0;
  told_ = 0;
}

std::uint64_t TraceReader::missed() const {
  const std::uint64_t counted = first_ ? std::uint64_t{last_} - first_ + 1 : 0;
  return missedBefore_ + (counted > told_ ? counted - told_ : 0);
}

void TraceReader::count(std::uint32_t id) {
  first_ = first_ ? std::min(first_, id) : id;
  last_ = std::max(last_, id);
  ++told_;
}

run::Result<Passed> TraceReader::read(const Value& event) {
  const auto read = qi::fromValue<std::tuple<EventTrace>>(event);
  if (!read) return read.error();
  const auto& trace = std::get<0>(*read);
  const auto member = declared(metaObject_, trace.slotId);
  Passed passed;
  passed.id = trace.id;
  passed.member = member.name;
  passed.time = std::chrono::seconds(trace.timestamp.tv_sec) + microseconds(trace.timestamp.tv_usec);
  passed.user = microseconds(trace.userUsTime);
  passed.system = microseconds(trace.systemUsTime);
  passed.caller = trace.callerContext;
  if (trace.kind == EventTrace::call || trace.kind == EventTrace::signal) {
    passed.kind = trace.kind == EventTrace::call ? Passed::Kind::call : Passed::Kind::event;
    count(trace.id);
    const auto types = qi::Signature::parse(member.arguments);
    qi::Tuple arguments;
    if (const auto* list = trace.arguments.inner().as<qi::List>())
      for (const auto& part : list->items) {
        const auto at = arguments.items.size();
        const auto kind = types && at < types->size() ? (*types)[at].kind() : qi::Kind::unknown;
        arguments.items.push_back(asSent(part, kind));
        measure(passed, arguments.items.back(), kind);
      }
    passed.content = std::move(arguments);
    if (passed.kind == Passed::Kind::call) {
      pending_[trace.id] = passed.time;
      if (pending_.size() > maxPending) pending_.erase(pending_.begin());
    }
    return passed;
  }
  if (trace.kind == EventTrace::result) {
    passed.kind = Passed::Kind::answer;
    const auto kind = kindOf(qi::Signature::parse(member.result));
    passed.content = asSent(trace.arguments, kind);
    measure(passed, passed.content, kind);
  } else {
    passed.kind = Passed::Kind::error;
    passed.content = trace.arguments.inner();
    measure(passed, trace.arguments, qi::Kind::string);  // an error is sent as a dynamic text
  }
  if (const auto called = pending_.find(trace.id); called != pending_.end()) {
    passed.duration = passed.time - called->second;
    pending_.erase(called);
  }
  return passed;
}

}  // namespace beckon::cli
