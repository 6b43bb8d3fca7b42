#pragma once

#include "core/qi/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

// The inputs of live_server and live_client: one byte that says how the peer behaves, then the bytes that it sends.
namespace beckon::fuzz {

// The messages of a stream, as far as it has any: what follows them, or is cut short, is a last piece of its own.
std::vector<qi::ByteView> framesOf(qi::ByteView stream);

// libFuzzer's custom mutator and crossover: whole messages are doubled, dropped, moved, cut and taken over from another
// input; headers get other numbers; a payload is changed by itself, and its header says the new size.
std::size_t mutateFrames(std::uint8_t* data, std::size_t size, std::size_t limit, unsigned seed);
std::size_t crossFrames(qi::ByteView one, qi::ByteView other, std::uint8_t* out, std::size_t limit, unsigned seed);

}  // namespace beckon::fuzz
