#pragma once

#include "core/qi/bytes.hpp"

#include <cstdint>
#include <optional>

namespace beckon::sim {

// NAOqi's numbers (ALVideo definitions); those that the simulator has.
enum class ColorSpace { grey = 0, yuv422 = 9, yuv = 10, rgb = 11, bgr = 13 };
std::optional<ColorSpace> colorSpaceOf(int number);
int layers(ColorSpace space);  // bytes a pixel

struct Resolution {
  int width, height;
};
std::optional<Resolution> resolutionOf(int number);

// What a camera shows: eight bars (white, yellow, cyan, green, magenta, red, blue, black from the left), below them a
// ramp from black to white, and a white square with a black frame that goes round along the border between them, one
// thirty-second of the width a frame. The lower camera (1) sees it upside down. Rows from the top, no padding;
// width and height are even.
qi::Bytes testPattern(Resolution size, ColorSpace space, int camera, std::uint64_t frame);

}  // namespace beckon::sim
