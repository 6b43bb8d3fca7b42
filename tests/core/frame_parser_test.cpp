#include "core/qi/frame_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace beckon::qi {
namespace {

Bytes frame(std::uint32_t id, std::size_t payload) {
  Header header;
  header.id = id;
  header.payloadSize = static_cast<std::uint32_t>(payload);
  header.type = MessageType::call;
  const auto encoded = header.encode();
  Bytes out(encoded.begin(), encoded.end());
  for (std::size_t i = 0; i < payload; ++i) out.push_back(static_cast<std::uint8_t>(id + i));
  return out;
}

Bytes announcing(std::uint32_t payload) {
  Bytes out = frame(1, 0);
  for (std::size_t i = 0; i < 4; ++i) out[8 + i] = static_cast<std::uint8_t>(payload >> (8 * i));
  return out;
}

// One read: as many bytes as the parser has room for.
std::size_t read(FrameParser& parser, ByteView bytes) {
  const auto room = parser.room();
  const std::size_t size = std::min(room.size(), bytes.size());
  std::copy_n(bytes.begin(), size, room.begin());
  parser.filled(size);
  return size;
}

// All of a few bytes.
void feed(FrameParser& parser, ByteView bytes) { ASSERT_EQ(read(parser, bytes), bytes.size()); }

// Reads until the first message is whole.
std::optional<Message> feedMessage(FrameParser& parser, ByteView bytes) {
  while (!bytes.empty()) {
    bytes = bytes.subspan(read(parser, bytes));
    const auto next = parser.next();
    EXPECT_TRUE(next) << next.error().cause;
    if (!next || *next) return next ? *next : std::nullopt;
  }
  return {};
}

run::Code refusal(FrameParser& parser) {
  const auto next = parser.next();
  EXPECT_FALSE(next);
  return next ? run::Code::internal : next.error().code;
}

TEST(FrameParser, hasNothingBeforeBytesCome) {
  FrameParser parser;
  const auto next = parser.next();
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
  EXPECT_GT(parser.room().size(), 0u);
}

TEST(FrameParser, givesEachMessageOfOneRead) {
  FrameParser parser;
  Bytes stream;
  for (std::uint32_t id = 1; id <= 50; ++id) std::ranges::copy(frame(id, id), std::back_inserter(stream));
  feed(parser, stream);
  for (std::uint32_t id = 1; id <= 50; ++id) {
    const auto next = parser.next();
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->header.id, id);
    EXPECT_TRUE(std::ranges::equal((*next)->payload, ByteView(frame(id, id)).subspan(Header::size)));
  }
  EXPECT_FALSE(*parser.next());
  EXPECT_EQ(parser.pending(), 0u);
}

TEST(FrameParser, waitsAtEveryByteOfATruncatedMessage) {
  const Bytes whole = frame(7, 40);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    FrameParser parser;
    feed(parser, ByteView(whole).first(size));
    const auto next = parser.next();
    ASSERT_TRUE(next) << size;
    EXPECT_FALSE(*next) << size;
    EXPECT_EQ(parser.pending(), size);
    feed(parser, ByteView(whole).subspan(size));
    EXPECT_TRUE(*parser.next()) << size;
  }
}

TEST(FrameParser, refusesBadMagicFromTheFirstByteThatDiffers) {
  for (std::size_t good = 0; good < 4; ++good) {
    FrameParser parser;
    Bytes bytes(Header::magic.begin(), Header::magic.begin() + static_cast<std::ptrdiff_t>(good));
    bytes.push_back(0x47);
    feed(parser, bytes);
    EXPECT_EQ(refusal(parser), run::Code::protocolError) << good;
    EXPECT_EQ(refusal(parser), run::Code::protocolError) << "it stays refused";
  }
}

TEST(FrameParser, saysWhatToDoAboutBadMagic) {
  FrameParser parser;
  const std::string hello = "HTTP/1.1 400 Bad Request\r\n\r\n";
  feed(parser, ByteView(reinterpret_cast<const std::uint8_t*>(hello.data()), hello.size()));
  const auto next = parser.next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().cause, "the peer does not speak the qi protocol (bad magic)");
  EXPECT_NE(next.error().nextStep.find("check the address"), std::string::npos);
}

TEST(FrameParser, refusesBadMagicBehindAGoodMessage) {
  FrameParser parser;
  Bytes stream = frame(1, 3);
  stream.push_back(0);
  feed(parser, stream);
  EXPECT_TRUE(*parser.next());
  EXPECT_EQ(refusal(parser), run::Code::protocolError);
}

TEST(FrameParser, takesAPayloadAtTheLimitAndNoneAbove) {
  for (const std::uint32_t limit : {0u, 1u, 1000u, limits::maxPayloadUnauthenticated}) {
    FrameParser parser(limit);
    EXPECT_TRUE(feedMessage(parser, frame(1, limit)));
    feed(parser, announcing(limit + 1));
    const auto next = parser.next();
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code, run::Code::tooLarge);
    EXPECT_NE(next.error().cause.find(std::to_string(limit + 1)), std::string::npos);
  }
}

TEST(FrameParser, refusesTwoGigabytesWithoutReservingThem) {
  for (const std::uint32_t announced : {0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    FrameParser parser(limits::maxPayload);
    feed(parser, announcing(announced));
    EXPECT_EQ(refusal(parser), run::Code::tooLarge);
    EXPECT_LE(parser.capacity(), 16u * 1024);
  }
}

TEST(FrameParser, growsWithWhatArrivesNotWithWhatIsAnnounced) {
  FrameParser parser(0xFFFFFFFF);
  feed(parser, announcing(0xFFFFFFFF));
  EXPECT_FALSE(*parser.next());
  EXPECT_LE(parser.room().size(), 16u * 1024);
  EXPECT_LE(parser.capacity(), 16u * 1024);
  const Bytes piece(4096);
  for (std::size_t arrived = Header::size; arrived < 1024 * 1024; arrived += piece.size()) {
    feed(parser, piece);
    ASSERT_FALSE(*parser.next());
    ASSERT_LE(parser.capacity(), std::max<std::size_t>(16 * 1024, 8 * parser.pending()));
  }
}

TEST(FrameParser, shrinksAgainAfterALargeMessage) {
  FrameParser parser(limits::maxPayload);
  const Bytes large = frame(1, 1024 * 1024);
  const auto message = feedMessage(parser, large);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload.size(), 1024u * 1024);
  EXPECT_EQ(parser.capacity(), large.size()) << "no more than the message takes";
  (void)parser.room();
  EXPECT_LE(parser.capacity(), 16u * 1024);
}

TEST(FrameParser, holdsNoBufferOnceItIsReleasedBetweenTwoMessages) {
  FrameParser parser(limits::maxPayload);
  const Bytes whole = frame(1, 100);
  ASSERT_TRUE(feedMessage(parser, whole));
  parser.release();
  EXPECT_EQ(parser.capacity(), 0u);
  feed(parser, Bytes(whole.begin(), whole.begin() + 50));
  ASSERT_FALSE(*parser.next());
  parser.release();
  EXPECT_EQ(parser.pending(), 50u) << "a part of a message stays";
  feed(parser, Bytes(whole.begin() + 50, whole.end()));
  EXPECT_TRUE(*parser.next());
}

TEST(FrameParser, takesLargerPayloadsOnceItIsTold) {
  FrameParser parser(limits::maxPayloadUnauthenticated);
  feed(parser, announcing(100 * 1024));
  EXPECT_EQ(refusal(parser), run::Code::tooLarge);
  FrameParser authenticated(limits::maxPayloadUnauthenticated);
  authenticated.setMaxPayload(limits::maxPayload);
  feed(authenticated, announcing(100 * 1024));
  EXPECT_TRUE(authenticated.next());
}

}  // namespace
}  // namespace beckon::qi
