#pragma once

#include "directory/interface.hpp"

namespace bus = beckon::directory;

// What a lamp can do, for those who make one and those who use it.
template <class Side>
struct Lamp : bus::Interface<Side> {
  bus::Method<Side, void(bool)> turn{*this, "turn"};
  bus::Method<Side, std::int32_t(std::int32_t)> fade{*this, "fade"};  // to a level; how far it went
  bus::Signal<Side, std::string> flickered{*this, "flickered"};       // why
  bus::Property<Side, std::int32_t> level{*this, "level"};            // 0 to 100
};
