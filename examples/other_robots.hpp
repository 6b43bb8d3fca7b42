#pragma once

#include "directory/client.hpp"
#include "localbus/object_value.hpp"

namespace bus = beckon::directory;
using beckon::qi::Value;

// Of the service by which programs on one robot use others (docs/protocol/other-robots.md), what is used here.
template <class Side>
struct OtherRobots : bus::Interface<Side> {
  using Object = std::shared_ptr<beckon::localbus::RemoteObject>;
  bus::Method<Side, Value(std::string, std::string, std::string)> get{*this, "get"};  // robot, service, property
  bus::Method<Side, Object(std::string, std::string, std::string)> watch{*this, "watch"};
};

// What is given for watching a number.
template <class Side>
struct Watched : bus::Interface<Side> {
  bus::Signal<Side, std::vector<float>> event{*this, "event"};
  bus::Signal<Side, std::string, std::string> ended{*this, "ended"};  // code, cause
};
