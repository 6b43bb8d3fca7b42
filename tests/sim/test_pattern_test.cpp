#include "apps/sim/test_pattern.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace beckon::sim {
namespace {

using Pixel = std::array<int, 3>;
constexpr Resolution quarter{320, 240};

Pixel at(const qi::Bytes& image, int x, int y) {
  const auto* bytes = image.data() + 3 * (y * quarter.width + x);
  return {bytes[0], bytes[1], bytes[2]};
}

TEST(TestPattern, showsEightBarsAboveARamp) {
  const auto image = testPattern(quarter, ColorSpace::rgb, 0, 0);
  ASSERT_EQ(image.size(), 320u * 240 * 3);
  EXPECT_EQ(at(image, 5, 5), (Pixel{255, 255, 255}));
  EXPECT_EQ(at(image, 45, 5), (Pixel{255, 255, 0}));
  EXPECT_EQ(at(image, 205, 5), (Pixel{255, 0, 0}));
  EXPECT_EQ(at(image, 319, 5), (Pixel{0, 0, 0}));
  EXPECT_EQ(at(image, 0, 239), (Pixel{0, 0, 0}));
  EXPECT_EQ(at(image, 319, 239), (Pixel{255, 255, 255}));
}

TEST(TestPattern, movesFromFrameToFrame) {
  const auto first = testPattern(quarter, ColorSpace::rgb, 0, 0);
  const auto second = testPattern(quarter, ColorSpace::rgb, 0, 1);
  EXPECT_NE(first, second);
  EXPECT_EQ(at(second, 5 + 10, 180), at(first, 5, 180));
  EXPECT_EQ(first, testPattern(quarter, ColorSpace::rgb, 0, 32));
}

TEST(TestPattern, isUpsideDownInTheLowerCamera) {
  const auto top = testPattern(quarter, ColorSpace::rgb, 0, 7), bottom = testPattern(quarter, ColorSpace::rgb, 1, 7);
  for (int y : {0, 100, 239}) EXPECT_EQ(at(top, 77, y), at(bottom, 77, 239 - y));
}

TEST(TestPattern, comesInEveryColorSpace) {
  const auto bgr = testPattern(quarter, ColorSpace::bgr, 0, 0);
  EXPECT_EQ(at(bgr, 45, 5), (Pixel{0, 255, 255}));
  const auto yuv = testPattern(quarter, ColorSpace::yuv, 0, 0);
  EXPECT_EQ(at(yuv, 205, 5), (Pixel{76, 85, 255}));
  const auto grey = testPattern(quarter, ColorSpace::grey, 0, 0);
  ASSERT_EQ(grey.size(), 320u * 240);
  EXPECT_EQ(grey[205 + 5 * 320], 76);
  const auto yuv422 = testPattern(quarter, ColorSpace::yuv422, 0, 0);
  ASSERT_EQ(yuv422.size(), 320u * 240 * 2);
  const auto* red = yuv422.data() + 2 * (204 + 5 * 320);
  EXPECT_EQ((std::array<int, 4>{red[0], red[1], red[2], red[3]}), (std::array<int, 4>{76, 85, 76, 255}));
}

TEST(TestPattern, fillsEveryResolution) {
  for (int number = 0; number < 20; ++number) {
    const auto size = resolutionOf(number);
    if (!size) continue;
    const auto image = testPattern(*size, ColorSpace::yuv422, 1, 31);
    EXPECT_EQ(image.size(), static_cast<std::size_t>(size->width * size->height * 2)) << number;
  }
  EXPECT_FALSE(resolutionOf(5));
  EXPECT_FALSE(colorSpaceOf(1));
}

}  // namespace
}  // namespace beckon::sim
