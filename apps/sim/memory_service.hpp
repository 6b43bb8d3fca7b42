#pragma once

#include "apps/sim/memory_model.hpp"
#include "localbus/object_builder.hpp"

#include <memory>
#include <string>

namespace beckon::sim {

// ALMemory. Events and micro-events reach subscribers by the signal event(name, value) of the service itself.
class MemoryService {
 public:
  explicit MemoryService(const Clock& clock);
  MemoryService(const MemoryService&) = delete;
  MemoryService& operator=(const MemoryService&) = delete;

  // Its methods use this service, which has to live as long as they may be called.
  const std::shared_ptr<localbus::Object>& object() const { return object_; }

  // What the robot itself writes.
  void insert(const std::string& key, const qi::Value& value);
  void raiseEvent(const std::string& name, const qi::Value& value);
  void raiseMicroEvent(const std::string& name, const qi::Value& value);

 private:
  run::Result<> raise(const std::string& name, const qi::Value& value, MemoryModel::Kind kind);
  run::Result<> insertList(const qi::Value& list);
  qi::Value list(const qi::Value& keys) const;
  run::Result<qi::Value> timestamp(const std::string& key) const;

  const Clock& clock_;
  MemoryModel model_;
  std::optional<localbus::SignalHandle<std::string, qi::Value>> event_;
  std::shared_ptr<localbus::Object> object_;
};

}  // namespace beckon::sim
