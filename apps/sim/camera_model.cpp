#include "apps/sim/camera_model.hpp"

namespace beckon::sim {

using run::Code;
using run::Error;
using run::Result;

Result<std::string> CameraModel::subscribe(const std::string& name, const Subscription& wanted) {
  const auto bad = [](const std::string& why) { return Error{Code::badArguments, why, {}}; };
  if (name.empty()) return bad("the name is empty");
  if (wanted.camera != 0 && wanted.camera != 1) return bad("the cameras are 0 (top) and 1 (bottom)");
  if (!resolutionOf(wanted.resolution)) return bad("the resolutions are 0 to 3, 7 and 8");
  if (!colorSpaceOf(wanted.colorSpace))
    return bad("the color spaces are 0 (grey), 9 (YUV422), 10 (YUV), 11 (RGB) and 13 (BGR)");
  if (wanted.framesPerSecond < 1 || wanted.framesPerSecond > maxFramesPerSecond)
    return bad("the frame rate goes from 1 to 30");
  if (subscriptions_.size() >= maxSubscriptions)
    return Error{Code::overloaded,
                 "there are " + std::to_string(maxSubscriptions) + " subscriptions already; unsubscribe some",
                 {}};
  for (int i = 0; i < maxOfOneName; ++i) {
    const std::string handle = name + "_" + std::to_string(i);
    if (subscriptions_.emplace(handle, wanted).second) return handle;
  }
  return Error{Code::overloaded,
               "\"" + name + "\" is subscribed " + std::to_string(maxOfOneName) + " times already; unsubscribe some",
               {}};
}

Result<CameraModel::Subscription> CameraModel::find(const std::string& handle) const {
  const auto found = subscriptions_.find(handle);
  if (found == subscriptions_.end())
    return Error{Code::unknownMember,
                 "nobody has subscribed as \"" + handle + "\"; subscribeCamera returns the name to use",
                 {}};
  return found->second;
}

std::vector<std::string> CameraModel::handles() const {
  std::vector<std::string> names;
  for (const auto& [handle, subscription] : subscriptions_) names.push_back(handle);
  return names;
}

Result<Image> CameraModel::image(const std::string& handle, WallTime now) const {
  const auto found = find(handle);
  if (!found) return found.error();
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const auto frame = passed * found->framesPerSecond / 1'000'000;
  const Resolution size = *resolutionOf(found->resolution);
  const ColorSpace space = *colorSpaceOf(found->colorSpace);
  return Image{size, space, found->camera, std::chrono::microseconds(frame * 1'000'000 / found->framesPerSecond),
               testPattern(size, space, found->camera, static_cast<std::uint64_t>(frame))};
}

}  // namespace beckon::sim
