#pragma once

#include "apps/sim/clock.hpp"
#include "core/qi/value.hpp"
#include "core/run/error.hpp"

#include <map>
#include <string>
#include <vector>

namespace beckon::sim {

// The robot's blackboard, without I/O: values by key. An event or micro-event is a value that was raised under its
// name; it stays readable.
class MemoryModel {
 public:
  enum class Kind { data, event, microEvent };
  struct Entry {
    qi::Value value;  // a dynamic; the invalid one for an event that was only declared
    Kind kind = Kind::data;
    WallTime changed;
  };
  static constexpr std::size_t maxKeys = 10'000;

  // The kind of a key stays what it was, except that data becomes an event when it is raised. Errors: overloaded;
  // badArguments for an empty key.
  run::Result<> insert(const std::string& key, const qi::Value& value, WallTime now);
  run::Result<> raise(const std::string& name, const qi::Value& value, Kind kind, WallTime now);
  run::Result<> declare(const std::string& name, WallTime now);

  // Errors: unknownMember, its text naming the key.
  run::Result<Entry> get(const std::string& key) const;
  run::Result<> remove(const std::string& key);
  run::Result<> remove(const std::string& key, Kind kind);

  std::vector<std::string> keys(const std::string& filter = {}) const;  // those that contain it, sorted
  std::vector<std::string> keys(Kind kind) const;

 private:
  run::Result<Entry*> place(const std::string& key);

  std::map<std::string, Entry> entries_;
};

}  // namespace beckon::sim
