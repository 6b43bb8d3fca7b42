#include "apps/sim/test_pattern.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace beckon::sim {
namespace {

struct Color {
  int red, green, blue;
};

constexpr std::array<Color, 8> bars{{
    {255, 255, 255},
    {255, 255, 0},
    {0, 255, 255},
    {0, 255, 0},
    {255, 0, 255},
    {255, 0, 0},
    {0, 0, 255},
    {0, 0, 0},
}};
constexpr int positions = 32;  // of the square

// ITU-R BT.601, full range, as JPEG uses it.
struct Yuv {
  std::uint8_t y, u, v;
};
Yuv toYuv(const Color& c) {
  const auto byte = [](double value) { return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)); };
  return {byte(0.299 * c.red + 0.587 * c.green + 0.114 * c.blue),
          byte(128 - 0.168736 * c.red - 0.331264 * c.green + 0.5 * c.blue),
          byte(128 + 0.5 * c.red - 0.418688 * c.green - 0.081312 * c.blue)};
}

Color pixel(const Resolution& size, int x, int y, std::uint64_t frame) {
  const int border = size.height * 3 / 4, side = size.width / 8, frameWidth = std::max(side / 8, 1);
  const int left = static_cast<int>(frame % positions) * size.width / positions, top = border - side / 2;
  const int dx = (x - left + size.width) % size.width, dy = y - top;
  if (dx < side && dy >= 0 && dy < side) {
    const bool isInside = std::min({dx, dy, side - 1 - dx, side - 1 - dy}) >= frameWidth;
    return isInside ? bars.front() : bars.back();
  }
  if (y < border) return bars[static_cast<std::size_t>(x * 8 / size.width)];
  const int grey = x * 255 / (size.width - 1);
  return {grey, grey, grey};
}

}  // namespace

std::optional<ColorSpace> colorSpaceOf(int number) {
  switch (number) {
    case 0:
      return ColorSpace::grey;
    case 9:
      return ColorSpace::yuv422;
    case 10:
      return ColorSpace::yuv;
    case 11:
      return ColorSpace::rgb;
    case 13:
      return ColorSpace::bgr;
    default:
      return {};
  }
}

int layers(ColorSpace space) { return space == ColorSpace::grey ? 1 : space == ColorSpace::yuv422 ? 2 : 3; }

std::optional<Resolution> resolutionOf(int number) {
  switch (number) {
    case 0:
      return Resolution{160, 120};  // kQQVGA
    case 1:
      return Resolution{320, 240};  // kQVGA
    case 2:
      return Resolution{640, 480};  // kVGA
    case 3:
      return Resolution{1280, 960};  // k4VGA
    case 7:
      return Resolution{80, 60};  // kQQQVGA
    case 8:
      return Resolution{40, 30};  // kQQQQVGA
    default:
      return {};
  }
}

qi::Bytes testPattern(Resolution size, ColorSpace space, int camera, std::uint64_t frame) {
  qi::Bytes out(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) *
                static_cast<std::size_t>(layers(space)));
  auto* to = out.data();
  const auto put = [&](int value) { *to++ = static_cast<std::uint8_t>(value); };
  for (int row = 0; row < size.height; ++row) {
    const int y = camera == 1 ? size.height - 1 - row : row;
    for (int x = 0; x < size.width; ++x) {
      const Color color = pixel(size, x, y, frame);
      if (space == ColorSpace::rgb || space == ColorSpace::bgr) {
        put(space == ColorSpace::rgb ? color.red : color.blue);
        put(color.green);
        put(space == ColorSpace::rgb ? color.blue : color.red);
        continue;
      }
      const Yuv yuv = toYuv(color);
      put(yuv.y);
      // YUYV: the first of two pixels has U, the second V.
      if (space == ColorSpace::yuv422) put(x % 2 == 0 ? yuv.u : yuv.v);
      if (space == ColorSpace::yuv) {
        put(yuv.u);
        put(yuv.v);
      }
    }
  }
  return out;
}

}  // namespace beckon::sim
