#pragma once

#include "core/qi/value.hpp"

#include <random>

// Types and values that nobody thought of, the same ones for the same seed.
namespace beckon::qi::test {

// At most `depth` levels deep; only types that have values.
Signature randomSignature(std::mt19937& random, int depth);
// Prefers the ends of each range. Dynamics hold random types again, at most `depth` levels deep.
Value randomValue(std::mt19937& random, const Signature& type, int depth);

}  // namespace beckon::qi::test
