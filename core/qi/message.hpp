#pragma once

#include "core/qi/bytes.hpp"

#include <array>
#include <cstdint>

namespace beckon::qi {

enum class MessageType : std::uint8_t {
  none = 0,
  call = 1,
  reply = 2,
  error = 3,
  post = 4,
  event = 5,
  capability = 6,
  cancel = 7,
  canceled = 8,
};

// Only to a peer that advertised MessageFlags.
namespace flags {
inline constexpr std::uint8_t dynamicPayload = 0x01;  // the payload is one dynamic, not the advertised type
inline constexpr std::uint8_t returnType = 0x02;      // the arguments are followed by a wished-for return signature
}  // namespace flags

// Whom a message concerns: a member of an object of a service.
struct Address {
  std::uint32_t service = 0;
  std::uint32_t object = 0;
  std::uint32_t action = 0;
  bool operator==(const Address&) const = default;
};

// The 28 bytes before each payload; docs/protocol/qi.md, "Frames".
struct Header {
  static constexpr std::size_t size = 28;
  static constexpr std::array<std::uint8_t, 4> magic{0x42, 0xDE, 0xAD, 0x42};

  std::uint32_t id = 0;
  std::uint32_t payloadSize = 0;
  std::uint16_t version = 0;
  MessageType type = MessageType::none;  // may hold a number that has no name
  std::uint8_t flags = 0;
  Address address;

  bool operator==(const Header&) const = default;

  std::array<std::uint8_t, size> encode() const;
  // `from` holds at least `size` bytes; the magic is not looked at.
  static Header decode(ByteView from);
};

// A message as a view: the payload belongs to whoever made it.
struct Message {
  Header header;
  ByteView payload;
};

// Well-known numbers of the protocol.
inline constexpr std::uint32_t serverService = 0;     // authentication and capabilities, object 0
inline constexpr std::uint32_t directoryService = 1;  // the service directory
inline constexpr std::uint32_t mainObject = 1;        // a service's own object

namespace action {
inline constexpr std::uint32_t registerEvent = 0;
inline constexpr std::uint32_t unregisterEvent = 1;
inline constexpr std::uint32_t metaObject = 2;
inline constexpr std::uint32_t terminate = 3;
inline constexpr std::uint32_t property = 5;
inline constexpr std::uint32_t setProperty = 6;
inline constexpr std::uint32_t properties = 7;
inline constexpr std::uint32_t registerEventWithSignature = 8;
inline constexpr std::uint32_t isStatsEnabled = 80;
inline constexpr std::uint32_t enableStats = 81;
inline constexpr std::uint32_t stats = 82;
inline constexpr std::uint32_t clearStats = 83;
inline constexpr std::uint32_t isTraceEnabled = 84;
inline constexpr std::uint32_t enableTrace = 85;
inline constexpr std::uint32_t traceObject = 86;  // a signal
inline constexpr std::uint32_t authenticate = 8;  // of service 0
}  // namespace action

}  // namespace beckon::qi
