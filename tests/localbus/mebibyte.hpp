#pragma once

#include <cstddef>

namespace beckon::test {

inline constexpr std::size_t mebibyte = 1024 * 1024;

}  // namespace beckon::test
