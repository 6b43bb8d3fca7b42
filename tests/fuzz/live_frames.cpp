#include "tests/fuzz/live_frames.hpp"

#include "core/qi/message.hpp"
#include "localbus/pool.hpp"

#include <algorithm>
#include <random>
#include <span>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t limit);

namespace beckon::fuzz {
namespace {

using qi::Header;

// How much a payload may grow by one mutation.
constexpr std::size_t growth = 64;

struct Input {
  std::uint8_t mode = 0;
  std::vector<qi::Bytes> frames;

  explicit Input(qi::ByteView bytes) {
    if (bytes.empty()) return;
    mode = bytes[0];
    for (const auto frame : framesOf(bytes.subspan(1))) frames.emplace_back(frame.begin(), frame.end());
  }
  // What does not fit is cut off.
  std::size_t write(std::uint8_t* out, std::size_t limit) const {
    if (limit == 0) return 0;
    out[0] = mode;
    std::size_t size = 1;
    for (const auto& frame : frames) {
      const auto part = std::min(frame.size(), limit - size);
      std::copy_n(frame.begin(), part, out + size);
      size += part;
    }
    return size;
  }
};

class Mutation {
 public:
  Mutation(Input& input, unsigned seed) : input_(input), random_(seed) {}

  void apply() {
    if (input_.frames.empty()) input_.frames.push_back(made());
    for (auto steps = 1 + below(3); steps > 0; --steps) step();
  }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }
  std::vector<qi::Bytes>::iterator any() {
    return input_.frames.begin() + static_cast<std::ptrdiff_t>(below(input_.frames.size()));
  }

  void step() {
    auto& frames = input_.frames;
    if (frames.empty()) return frames.push_back(made());
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return changePayload(*any());
      case 4:
      case 5:
        return changeHeader(*any());
      case 6: {
        const auto copy = *any();
        frames.insert(any(), copy);
        return;
      }
      case 7:
        frames.erase(any());
        return;
      case 8:
        return std::iter_swap(any(), any());
      case 9: {
        auto& frame = *any();
        frame.resize(below(frame.size() + 1));
        return;
      }
      case 10:
        frames.insert(any(), made());
        return;
      default:
        input_.mode ^= static_cast<std::uint8_t>(1u << below(8));
    }
  }

  qi::Bytes made() {
    const auto types = {1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0x81, 0x82};
    Header header;
    header.type = static_cast<qi::MessageType>(*(types.begin() + below(types.size())));
    header.id = static_cast<std::uint32_t>(1 + below(8));
    header.address = anyAddress();
    const auto bytes = header.encode();
    return {bytes.begin(), bytes.end()};
  }
  qi::Address anyAddress() {
    const std::uint32_t services[] = {0, 1, 2, 3, 4, 5}, objects[] = {0, 1, 2, 3};
    const std::uint32_t standard[] = {0, 1, 2, 3, 5, 6, 7, 8, 80, 81, 82, 83, 84, 85, 86};
    const auto action = below(2) ? standard[below(std::size(standard))] : static_cast<std::uint32_t>(100 + below(32));
    return {services[below(std::size(services))], objects[below(std::size(objects))], action};
  }

  void changePayload(qi::Bytes& frame) {
    if (frame.size() < Header::size) return;
    auto size = frame.size() - Header::size;
    frame.resize(frame.size() + growth);
    size = LLVMFuzzerMutate(frame.data() + Header::size, size, size + growth);
    frame.resize(Header::size + size);
    auto header = Header::decode(frame);
    header.payloadSize = static_cast<std::uint32_t>(size);
    write(frame, header);
  }

  void changeHeader(qi::Bytes& frame) {
    if (frame.size() < Header::size) return;
    auto header = Header::decode(frame);
    switch (below(8)) {
      case 0:
        header.type = static_cast<qi::MessageType>(below(4) ? below(9) : 0x80 + below(4));
        break;
      case 1:
        header.flags = static_cast<std::uint8_t>(header.flags ^ (1u << below(8)));
        break;
      case 2:
        header.id = static_cast<std::uint32_t>(below(4) ? below(16) : random_());
        break;
      case 3:
        header.address.service = anyAddress().service;
        break;
      case 4:
        header.address.object = anyAddress().object;
        break;
      case 5:
        header.payloadSize = static_cast<std::uint32_t>(below(2) ? header.payloadSize + below(64) : random_());
        break;
      default:
        header.address.action = anyAddress().action;
    }
    write(frame, header);
  }

  static void write(qi::Bytes& frame, const Header& header) {
    const auto bytes = header.encode();
    std::copy(bytes.begin(), bytes.end(), frame.begin());
  }

  Input& input_;
  std::minstd_rand random_;
};

}  // namespace

std::vector<qi::ByteView> framesOf(qi::ByteView stream) {
  std::vector<qi::ByteView> frames;
  while (stream.size() >= Header::size && std::ranges::equal(stream.first(4), std::span(Header::magic))) {
    const auto size = Header::size + std::size_t{Header::decode(stream).payloadSize};
    if (size > stream.size()) break;
    frames.push_back(stream.first(size));
    stream = stream.subspan(size);
  }
  if (!stream.empty()) frames.push_back(stream);
  return frames;
}

std::size_t mutateFrames(std::uint8_t* data, std::size_t size, std::size_t limit, unsigned seed) {
  Input input({data, size});
  Mutation(input, seed).apply();
  return input.write(data, limit);
}

std::size_t crossFrames(qi::ByteView one, qi::ByteView other, std::uint8_t* out, std::size_t limit, unsigned seed) {
  std::minstd_rand random(seed);
  Input input(one);
  const Input donor(other);
  if (donor.frames.empty()) return input.write(out, limit);
  const auto begin = random() % donor.frames.size(), end = begin + 1 + random() % (donor.frames.size() - begin);
  const auto at = random() % (input.frames.size() + 1);
  const auto from = donor.frames.begin();
  input.frames.insert(input.frames.begin() + static_cast<std::ptrdiff_t>(at), from + static_cast<std::ptrdiff_t>(begin),
                      from + static_cast<std::ptrdiff_t>(end));
  return input.write(out, limit);
}

}  // namespace beckon::fuzz
