// A byte stream is cut into the same messages however it arrives, and the buffer never grows past what arrived.
// Input: one byte for the sizes of the pieces, one for the limit, then the stream.
#include "core/qi/frame_parser.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>

using namespace beckon::qi;
using beckon::fuzz::check;

namespace {

struct Outcome {
  Bytes messages;  // as they were in the stream
  bool refused = false;
  bool operator==(const Outcome&) const = default;
};

Outcome parse(ByteView stream, std::uint32_t limit, std::size_t firstPiece) {
  FrameParser parser(limit);
  Outcome outcome;
  for (std::size_t piece = firstPiece; !stream.empty(); piece = 1 + piece * 7 % 97) {
    const auto room = parser.room();
    check(!room.empty());
    const std::size_t size = std::min({firstPiece ? piece : stream.size(), room.size(), stream.size()});
    std::copy_n(stream.begin(), size, room.begin());
    parser.filled(size);
    stream = stream.subspan(size);
    for (;;) {
      const auto next = parser.next();
      if (!next) {
        outcome.refused = true;
        return outcome;
      }
      if (!*next) break;
      const auto& [header, payload] = **next;
      check(header.payloadSize == payload.size() && payload.size() <= limit);
      const auto encoded = header.encode();
      outcome.messages.insert(outcome.messages.end(), encoded.begin(), encoded.end());
      outcome.messages.insert(outcome.messages.end(), payload.begin(), payload.end());
    }
    check(parser.capacity() <= std::max<std::size_t>(16 * 1024, 8 * parser.pending() + 1));
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint32_t limit = data[1] % 4 ? limits::maxPayload : 16u * data[1];
  const ByteView stream(data + 2, size - 2);
  const Outcome whole = parse(stream, limit, 0);
  check(whole.messages.size() <= stream.size() &&
        std::equal(whole.messages.begin(), whole.messages.end(), stream.begin()));
  check(parse(stream, limit, 1 + data[0]) == whole);
  return 0;
}
