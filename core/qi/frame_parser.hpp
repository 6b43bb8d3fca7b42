#pragma once

#include "core/qi/limits.hpp"
#include "core/qi/message.hpp"
#include "core/run/error.hpp"

#include <optional>

namespace beckon::qi {

// Cuts a byte stream into messages. Bytes are read straight into its buffer, messages are views of it:
//
//   const auto room = parser.room();         // read at most room.size() bytes into it
//   parser.filled(bytesRead);
//   while (auto next = parser.next(); next && *next) handle(**next);
//
// The buffer grows with what arrived, not with what a header announces, and shrinks again after a large
// message; between two messages release() leaves none. After an error nothing more can be read: close the connection.
class FrameParser {
 public:
  explicit FrameParser(std::uint32_t maxPayload = limits::maxPayloadUnauthenticated) : maxPayload_(maxPayload) {}

  // Payloads above it are refused from the next header on.
  void setMaxPayload(std::uint32_t bytes) { maxPayload_ = bytes; }

  // Space to read into, never empty. Ends the life of messages that next() returned.
  std::span<std::uint8_t> room();
  void filled(std::size_t bytes);

  // The next whole message, or none until more bytes come. Valid until room() is called.
  run::Result<std::optional<Message>> next();

  // Gives the buffer away, unless it holds a part of a message. Ends the life of messages as room() does.
  void release();

  // Bytes that belong to a message not yet whole.
  std::size_t pending() const { return end_ - begin_; }
  std::size_t capacity() const { return buffer_.size(); }

 private:
  // Enough for some hundred small messages in one read.
  static constexpr std::size_t usualSize = 16 * 1024;
  // A message that arrives in parts is moved this seldom: 1 MB from 16 KiB in two steps. What is not yet filled is not
  // yet memory either.
  static constexpr std::size_t growth = 8;

  Bytes buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::size_t wanted_ = Header::size;  // size of the message that begins at begin_, as far as known
  std::uint32_t maxPayload_;
};

}  // namespace beckon::qi
