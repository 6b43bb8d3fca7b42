#include "core/qi/json_text.hpp"

#include "tests/core/hex.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <limits>

namespace beckon::qi {
namespace {

using test::fromHex;

TEST(Base64, goesBothWays) {
  for (const auto& [hex, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", ""}, {"66", "Zg=="}, {"666f", "Zm8="}, {"666f6f", "Zm9v"}, {"fbff00", "+/8A"}}) {
    EXPECT_EQ(toBase64(fromHex(hex)), text);
    EXPECT_EQ(fromBase64(text), fromHex(hex));
  }
}

TEST(Base64, isReadStrictly) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zh==", "Zm9=", " Zg==", "Zg==\n", "Zm 9",
                           "Zg==Zg==", "_-8A", "Zg=v"})
    EXPECT_FALSE(fromBase64(text)) << text;
}

template <class T>
std::string floatThroughJson(T value) {
  const std::string text = floatToJson(value).dump();
  const auto json = nlohmann::json::parse(text);
  const T again = json.is_number() ? json.get<T>() : floatFromTag<T>(json.at("$float").get<std::string>()).value();
  EXPECT_EQ(std::memcmp(&again, &value, sizeof value), 0) << text;
  return text;
}

TEST(FloatJson, isTheShortestDecimal) {
  EXPECT_EQ(floatThroughJson(0.1f), "0.1");
  EXPECT_EQ(floatThroughJson(0.1), "0.1");
  EXPECT_EQ(floatThroughJson(3.0), "3.0");
  EXPECT_EQ(floatThroughJson(16777216.0f), "16777216.0");
}

TEST(FloatJson, keepsEveryBit) {
  floatThroughJson(-0.0);
  floatThroughJson(-0.0f);
  floatThroughJson(std::numeric_limits<double>::max());
  floatThroughJson(std::numeric_limits<double>::denorm_min());
  floatThroughJson(std::numeric_limits<float>::max());
  floatThroughJson(std::numeric_limits<float>::denorm_min());
  floatThroughJson(std::nextafter(1.0, 2.0));
  floatThroughJson(std::nextafterf(1.0f, 2.0f));
}

// Its shortest decimal, read as a double, lies exactly between two floats. All other floats were tried too.
TEST(FloatJson, keepsTheOneFloatThatRoundsTwice) {
  floatThroughJson(std::bit_cast<float>(0x15ae43fdu));
  floatThroughJson(std::bit_cast<float>(0x95ae43fdu));
}

TEST(FloatJson, namesInfinitiesAndNaN) {
  EXPECT_EQ(floatThroughJson(std::numeric_limits<double>::infinity()), R"({"$float":"inf"})");
  EXPECT_EQ(floatThroughJson(-std::numeric_limits<float>::infinity()), R"({"$float":"-inf"})");
  EXPECT_EQ(floatThroughJson(std::numeric_limits<double>::quiet_NaN()), R"({"$float":"nan"})");
  EXPECT_EQ(floatThroughJson(std::numeric_limits<float>::quiet_NaN()), R"({"$float":"nan"})");
}

TEST(FloatJson, keepsTheBitsOfOtherNaNs) {
  EXPECT_EQ(floatThroughJson(std::bit_cast<double>(0xFFF8DEADBEEF0001u)), R"({"$float":"nan:fff8deadbeef0001"})");
  EXPECT_EQ(floatThroughJson(std::bit_cast<float>(0x7FC00001u)), R"({"$float":"nan:7fc00001"})");
}

TEST(FloatJson, refusesOtherTags) {
  for (const char* tag : {"", "NaN", "infinity", "+inf", "nan:", "nan:0", "nan:zz", "nan:7ff0000000000000",
                          "nan:7ff8000000000001 ", "nan:17ff8000000000001", "nan:-1"})
    EXPECT_FALSE(floatFromTag<double>(tag)) << tag;
  EXPECT_FALSE(floatFromTag<float>("nan:7ff8000000000001")) << "too many bits";
}

}  // namespace
}  // namespace beckon::qi
