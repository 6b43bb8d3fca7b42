#pragma once

#include "core/qi/signature.hpp"

#include <string>

namespace beckon::qi {

// The type in libqi's words, as they stand in its errors: "Map<String,List<Int32>>", "(Int32,Point)".
std::string typeNames(const Signature& type);

}  // namespace beckon::qi
