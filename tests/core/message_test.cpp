#include "core/qi/message.hpp"

#include "tests/core/hex.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

using test::fromHex;
using test::toHex;

const Header everyField{0x04030201, 0x14131211, 0x2221, MessageType::event, 0x81, {0x34333231, 0x44434241, 0x54535251}};
const char* const bytesOfEveryField = "42dead42 01020304 11121314 2122 05 81 31323334 41424344 51525354";

TEST(Header, isWrittenFieldByFieldInLittleEndian) {
  EXPECT_EQ(toHex(everyField.encode()), toHex(fromHex(bytesOfEveryField)));
}

TEST(Header, isReadFromTheSameBytes) { EXPECT_EQ(Header::decode(fromHex(bytesOfEveryField)), everyField); }

TEST(Header, keepsATypeThatHasNoName) {
  auto raw = everyField.encode();
  raw[14] = 200;
  EXPECT_EQ(static_cast<int>(Header::decode(raw).type), 200);
  EXPECT_EQ(Header::decode(raw).encode(), raw);
}

}  // namespace
}  // namespace beckon::qi
