#include "core/qi/frame_parser.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>

namespace beckon::qi {

std::span<std::uint8_t> FrameParser::room() {
  const std::size_t held = pending();
  // Large messages enlarge the buffer as they arrive, up to their size.
  std::size_t size = usualSize;
  if (wanted_ > usualSize) size = std::min(wanted_, std::max(usualSize, growth * held));
  size = std::max(size, held + 1);
  if (size != buffer_.size() && (size > buffer_.size() || wanted_ <= usualSize)) {
    Bytes next(size);
    if (held) std::memcpy(next.data(), buffer_.data() + begin_, held);
    buffer_.swap(next);
    begin_ = 0;
  } else if (begin_ > 0) {
    if (held) std::memmove(buffer_.data(), buffer_.data() + begin_, held);
    begin_ = 0;
  }
  end_ = held;
  return std::span(buffer_).subspan(end_);
}

void FrameParser::release() {
  if (pending() > 0) return;
  buffer_ = Bytes();  // "= {}" would keep it
  begin_ = end_ = 0;
}

void FrameParser::filled(std::size_t bytes) {
  assert(bytes <= buffer_.size() - end_);
  end_ += bytes;
}

run::Result<std::optional<Message>> FrameParser::next() {
  const ByteView held(buffer_.data() + begin_, pending());
  const auto magic = held.first(std::min(held.size(), Header::magic.size()));
  if (!std::ranges::equal(magic, std::span(Header::magic).first(magic.size())))
    return run::Error{run::Code::protocolError, "the peer does not speak the qi protocol (bad magic)",
                      "check the address: is a qi service or directory listening there, without TLS?"};
  if (held.size() < Header::size) {
    wanted_ = Header::size;
    return std::optional<Message>();
  }
  const Header header = Header::decode(held);
  if (header.payloadSize > maxPayload_)
    return run::Error{run::Code::tooLarge,
                      "a message announces " + std::to_string(header.payloadSize) + " bytes, the limit is " +
                          std::to_string(maxPayload_),
                      "send less at once, or authenticate first if this was the first message"};
  wanted_ = Header::size + header.payloadSize;
  if (held.size() < wanted_) return std::optional<Message>();
  const Message message{header, held.subspan(Header::size, header.payloadSize)};
  begin_ += wanted_;
  wanted_ = Header::size;
  return std::optional<Message>(message);
}

}  // namespace beckon::qi
