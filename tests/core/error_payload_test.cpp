#include "core/qi/error_payload.hpp"

#include "core/qi/value_coder.hpp"
#include "tests/core/hex.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

using test::fromHex;

TEST(ErrorPayload, isADynamicText) {
  const Bytes payload = encodeErrorText("no such method");
  EXPECT_EQ(decode<Value>(payload)->as<Dynamic>()->signature.text(), "s");
  EXPECT_EQ(decodeErrorText(payload), "no such method");
}

TEST(ErrorPayload, mayBeATextInSeveralDynamics) {
  const Value text("deep");
  EXPECT_EQ(decodeErrorText(encode(Value(Dynamic{Signature::of("m"), std::make_shared<const Value>(dynamic(text))}))),
            "deep");
}

TEST(ErrorPayload, mayBeAPlainText) {
  EXPECT_EQ(decodeErrorText(encode(std::string("plain words"))), "plain words");
  EXPECT_EQ(decodeErrorText(encode(std::string("s"))), "s") << "also where the text is a signature";
  EXPECT_EQ(decodeErrorText(encode(std::string("[i]"))), "[i]");
}

TEST(ErrorPayload, ofAnotherTypeIsShownAsJson) {
  EXPECT_EQ(decodeErrorText(encode(dynamic(7))), "7");
  EXPECT_EQ(decodeErrorText(encode(dynamic(Tuple{{1, "a"}, "E,code,text"}))), R"({"code":1,"text":"a"})");
}

TEST(ErrorPayload, withoutATextIsNamedAsSuch) {
  EXPECT_EQ(decodeErrorText({}), "an error without a readable text (0 bytes)");
  EXPECT_EQ(decodeErrorText(fromHex("00000000")), "an error without a readable text (4 bytes)");
  EXPECT_EQ(decodeErrorText(encode(dynamic(Value()))), "an error without a readable text (5 bytes)");
  EXPECT_EQ(decodeErrorText(fromHex("ffffffff00")), "an error without a readable text (5 bytes)");
}

TEST(ErrorPayload, isValidUtf8WhateverThePeerSent) {
  EXPECT_EQ(decodeErrorText(encodeErrorText("bad \xFF byte")), "bad \xEF\xBF\xBD byte");
  EXPECT_EQ(decodeErrorText(encode(std::string("\x80"))), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace beckon::qi
