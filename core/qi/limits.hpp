#pragma once

#include <cstddef>
#include <cstdint>

// The limits that a peer meets, in one table; docs/protocol/limits.md is the same table for readers.
// libqi 4.0.5 has none of them: 28 bytes make it reserve 4 GiB, and a list of voids costs it 2^32 steps.
namespace beckon::qi::limits {

// Payload of a message before its connection has authenticated. A capability map takes 161 bytes.
inline constexpr std::uint32_t maxPayloadUnauthenticated = 64u * 1024;
// Payload of a message afterwards: the default, larger than any picture or map that NAOqi sends.
inline constexpr std::uint32_t maxPayload = 64u * 1024 * 1024;
// How deep types and values may nest, dynamics included. The deepest in NAOqi's own services is 9.
inline constexpr int maxDepth = 64;
// Text of one signature, in bytes. The longest that libqi sends, MetaObject's, has 291.
inline constexpr std::size_t maxSignature = 8 * 1024;
// Elements that occupy no byte on the wire (void, the empty tuple), in one message: nothing
// else bounds their number.
inline constexpr std::size_t maxEmptyElements = 1024;
// Values in one message that is decoded without a C++ type (value_coder.hpp). Each takes some 100 bytes of
// memory, of which only one need have arrived. A 640x480 cloud of points has 921,600.
inline constexpr std::size_t maxValues = 1024 * 1024;
// Objects of ours that one connection may have at a time. A program that asks for a frame object 30 times a second and
// never ends one gets there in half an hour.
inline constexpr std::size_t maxObjects = 64 * 1024;
// Meta objects that each side keeps for the other, with MetaObjectCache. NAOqi has some 300 kinds of object.
inline constexpr std::size_t maxMetaObjects = 1024;
// Shared memory that each side of a connection has for what it sends (docs/design/014), in bytes and in slabs. It holds
// three raws of 16 MiB.
inline constexpr std::size_t maxPool = 64u * 1024 * 1024;
inline constexpr std::size_t maxPoolSlabs = 64;

// Connections that one listener has at a time. A robot with a hundred programs has some 10,000 between all of them.
inline constexpr std::size_t maxConnections = 10'000;
// Among them those that have not authenticated, which takes a program a millisecond and a silent one 5 s: in all, and
// from one address (of IPv6 a /64). For one more the oldest of the address that has most is closed.
inline constexpr std::size_t maxUnauthenticated = 1024;
inline constexpr std::size_t maxUnauthenticatedOfAddress = 256;
// Subscriptions of one connection to signals of the process that it leads to. A monitor of all that a robot of NAOqi
// emits has 2,000.
inline constexpr std::size_t maxSubscriptions = 16 * 1024;
// Calls of one connection that were not answered yet.
inline constexpr std::size_t maxUnanswered = 16 * 1024;
// Services that one connection may have registered with a directory. NAOqi has 120 in all.
inline constexpr std::size_t maxRegistrations = 16 * 1024;
// Bytes of text in the ServiceInfo of one service. With every endpoint of a computer it has some 500.
inline constexpr std::size_t maxServiceInfo = 16 * 1024;

}  // namespace beckon::qi::limits
