// What a peer says of its pool, and of ours: nothing that it says makes us read outside of its memory, hold more of it
// than the limit, or write what it still reads.
// Input: messages of one byte for the kind, one for the length, then the payload.
#include "localbus/pool.hpp"
#include "tests/fuzz/check.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <numeric>

using namespace beckon;
using namespace beckon::localbus;
using beckon::fuzz::check;

namespace {

// One that is sealed and one that is not, of 64 KiB each.
Descriptor passed(bool isSealed) {
  if (isSealed) {
    auto made = SharedMemory::make(64 * 1024);
    check(bool(made));
    return std::move(made->descriptor);
  }
  Descriptor plain(::memfd_create("x", 0));
  check(::ftruncate(plain.get(), 64 * 1024) == 0);
  return plain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  qi::ByteView input(data, size);
  Pool own;
  PeerPool peers;
  std::vector<PeerPool::Borrowed> borrowed;
  const PeerPool::HandBack handBack = [&](std::uint32_t slab) { peers.returned(slab); };
  Pool::TimePoint now;
  unsigned sum = 0;
  while (input.size() >= 2) {
    const auto kind = input[0] % 8;
    const auto payload = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + payload.size());
    bool goesOn = true;
    switch (kind) {
      case 0:
      case 1:
        goesOn = bool(peers.arrived(passed(kind == 0)));
        break;
      case 2:
        goesOn = bool(peers.offered(payload));
        break;
      case 3:
        goesOn = bool(peers.dropped(payload));
        break;
      case 4: {
        auto got = peers.borrow(payload, handBack);
        goesOn = bool(got);
        if (!got) break;
        sum = std::accumulate(got->bytes.begin(), got->bytes.end(), sum);
        borrowed.push_back(std::move(*got));
        break;
      }
      case 5:
        if (!borrowed.empty()) borrowed.erase(borrowed.begin());
        break;
      case 6:
        goesOn = bool(own.handedBack(payload, now));
        break;
      default:
        own.lend(qi::ByteView(payload), now);
        own.takeNotices();
        now += std::chrono::seconds(3);
        own.dropIdle(now);
        break;
    }
    check(own.size() <= qi::limits::maxPool);
    if (!goesOn) break;  // the connection is closed
  }
  // What was borrowed stays readable whatever came after.
  for (const auto& each : borrowed) sum = std::accumulate(each.bytes.begin(), each.bytes.end(), sum);
  check(sum == 0);
  return 0;
}
