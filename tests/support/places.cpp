#include "tests/support/places.hpp"

namespace beckon::test {

std::filesystem::path sourceFolder() { return BECKON_SOURCE_DIR; }
std::filesystem::path programFolder() { return BECKON_BIN_DIR; }

}  // namespace beckon::test
