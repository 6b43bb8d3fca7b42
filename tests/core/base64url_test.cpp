#include "core/run/base64url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace beckon::run {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Base64url, isThatOfRfc4648WithoutPadding) {
  // Section 10, and section 5 for the two characters that differ.
  const std::pair<Bytes, std::string> examples[] = {
      {{}, ""},
      {{'f'}, "Zg"},
      {{'f', 'o'}, "Zm8"},
      {{'f', 'o', 'o'}, "Zm9v"},
      {{'f', 'o', 'o', 'b'}, "Zm9vYg"},
      {{0xfb, 0xff, 0xbf}, "-_-_"},
  };
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(base64url(bytes), text);
    EXPECT_EQ(fromBase64url(text), bytes) << text;
  }
}

TEST(Base64url, readsNothingElse) {
  for (const auto* text : {"Zg==", "Zm8=", "+/+/", "-/-/", "Z", "Zm9vY", "Zg\n", "Z m8", "Zm8."})
    EXPECT_FALSE(fromBase64url(std::string_view(text))) << text;
  EXPECT_FALSE(fromBase64url(std::string_view("Zg\0\0", 4)));
  // Bits that stand for no byte are zero: each text has one reading, each reading one text.
  for (const auto* text : {"Zh", "Zv", "Zm9", "Zm-"}) EXPECT_FALSE(fromBase64url(std::string_view(text))) << text;
}

TEST(Base64url, ofAKnownSizeIsNeitherLongerNorShorter) {
  EXPECT_EQ(fromBase64url<3>("Zm9v"), (std::array<std::uint8_t, 3>{'f', 'o', 'o'}));
  EXPECT_FALSE(fromBase64url<2>("Zm9v"));
  EXPECT_FALSE(fromBase64url<4>("Zm9v"));
  EXPECT_FALSE(fromBase64url<3>("Zm9="));
}

}  // namespace
}  // namespace beckon::run
