#include "apps/sim/memory_service.hpp"

namespace beckon::sim {

using qi::Value;
using run::Code;
using run::Error;
using run::Result;
using Kind = MemoryModel::Kind;

MemoryService::MemoryService(const Clock& clock) : clock_(clock) {
  const auto valueOf = [this](const std::string& key) -> Result<Value> {
    auto entry = model_.get(key);
    if (!entry) return entry.error();
    return std::move(entry->value);
  };
  const auto put = [this](const std::string& key, const Value& value) {
    return model_.insert(key, value, clock_.wall());
  };

  localbus::ObjectBuilder builder;
  builder.method("declareEvent", [this](const std::string& name) { return model_.declare(name, clock_.wall()); });
  builder.method("getData", valueOf, "The value of a key.");
  builder.method("getData", [valueOf](const std::string& key, std::int32_t) { return valueOf(key); });
  builder.method(
      "getTimestamp", [this](const std::string& key) { return timestamp(key); },
      "[value, seconds, microseconds]: the value and when it was written.");
  builder.method(
      "getDataList", [this](const std::string& filter) { return model_.keys(filter); },
      "The keys that contain a text.");
  builder.method("getDataListName", [this] { return model_.keys(); });
  builder.method("getEventList", [this] { return model_.keys(Kind::event); });
  builder.method("getMicroEventList", [this] { return model_.keys(Kind::microEvent); });
  builder.method("getListData", [this](const Value& keys) { return list(keys); });
  builder.method("getType", [this](const std::string& key) -> Result<std::string> {
    const auto entry = model_.get(key);
    if (!entry) return entry.error();
    return std::string(entry->kind == Kind::data ? "Data" : entry->kind == Kind::event ? "Event" : "MicroEvent");
  });
  // The overloads of NAOqi, in its order.
  builder.method("insertData", [put](const std::string& key, std::int32_t value) { return put(key, value); });
  builder.method("insertData", [put](const std::string& key, float value) { return put(key, value); });
  builder.method("insertData", [put](const std::string& key, const std::string& value) { return put(key, value); });
  builder.method("insertData", put);
  builder.method(
      "insertListData", [this](const Value& pairs) { return insertList(pairs); }, "[[key, value], ..]");
  builder.method("raiseEvent",
                 [this](const std::string& name, const Value& value) { return raise(name, value, Kind::event); });
  builder.method("raiseMicroEvent",
                 [this](const std::string& name, const Value& value) { return raise(name, value, Kind::microEvent); });
  builder.method("removeData", [this](const std::string& key) { return model_.remove(key); });
  builder.method("removeEvent", [this](const std::string& name) { return model_.remove(name, Kind::event); });
  builder.method("removeMicroEvent", [this](const std::string& name) { return model_.remove(name, Kind::microEvent); });
  event_ = builder.signal<std::string, Value>("event");
  object_ = builder.build();
}

Result<> MemoryService::raise(const std::string& name, const Value& value, Kind kind) {
  const auto raised = model_.raise(name, value, kind, clock_.wall());
  if (raised) (*event_)(name, qi::dynamic(value));
  return raised;
}

// A robot's own keys are few; that the memory is full is the fault of who filled it, and of no interest here.
void MemoryService::insert(const std::string& key, const Value& value) {
  (void)model_.insert(key, value, clock_.wall());
}
void MemoryService::raiseEvent(const std::string& name, const Value& value) { (void)raise(name, value, Kind::event); }
void MemoryService::raiseMicroEvent(const std::string& name, const Value& value) {
  (void)raise(name, value, Kind::microEvent);
}

Result<> MemoryService::insertList(const Value& pairs) {
  const auto typed = qi::fromValue<std::vector<std::tuple<std::string, Value>>>(pairs);
  if (!typed) return typed.error();
  for (const auto& [key, value] : *typed)
    if (const auto inserted = model_.insert(key, value, clock_.wall()); !inserted) return inserted;
  return {};
}

// A key that is not there gives an invalid value in its place, as in NAOqi.
Value MemoryService::list(const Value& keys) const {
  qi::List values{qi::Signature::of("m"), {}};
  if (const auto names = qi::fromValue<std::vector<std::string>>(keys))
    for (const auto& name : *names) {
      const auto entry = model_.get(name);
      values.items.push_back(entry ? entry->value : Value(qi::Dynamic{}));
    }
  return qi::dynamic(std::move(values));
}

Result<Value> MemoryService::timestamp(const std::string& key) const {
  const auto entry = model_.get(key);
  if (!entry) return entry.error();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(entry->changed.time_since_epoch()).count();
  return qi::dynamic(qi::List{qi::Signature::of("m"),
                              {entry->value, qi::dynamic(static_cast<std::int32_t>(micros / 1'000'000)),
                               qi::dynamic(static_cast<std::int32_t>(micros % 1'000'000))}});
}

}  // namespace beckon::sim
