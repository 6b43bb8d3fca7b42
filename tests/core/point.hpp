#pragma once

#include "core/qi/codec.hpp"

#include <cstdint>
#include <string>
#include <tuple>

// A struct as it is written in C++ and named on the wire.
namespace beckon::qi {
namespace test {

struct Point {
  std::int32_t x = 0;
  double y = 0;
  std::string label;
  bool operator==(const Point&) const = default;
};

}  // namespace test

template <>
struct Struct<test::Point> {
  using T = test::Point;
  static constexpr Text name{"Point"};
  static constexpr auto fields =
      std::tuple{Field{Text{"x"}, &T::x}, Field{Text{"y"}, &T::y}, Field{Text{"label"}, &T::label}};
};

}  // namespace beckon::qi
