#include "apps/sim/video_service.hpp"

namespace beckon::sim {

using qi::Value;
using run::Result;

namespace {

// Half of the opening angles of Pepper's cameras, 55.2 and 44.3 degrees, in radians.
constexpr float halfWidth = 0.48171f;
constexpr float halfHeight = 0.38659f;

// NAOqi's ALImage as a list of dynamics: width, height, layers, color space, seconds, microseconds, bytes, camera and
// the angles of the left, upper, right and lower edge.
Value imageValue(Image image) {
  const auto number = [](auto value) { return qi::dynamic(static_cast<std::int32_t>(value)); };
  const auto micros = image.taken.count();
  qi::List list{qi::Signature::of("m"), {}};
  list.items = {number(image.size.width), number(image.size.height),  number(layers(image.space)),
                number(image.space),      number(micros / 1'000'000), number(micros % 1'000'000)};
  list.items.push_back(qi::dynamic(std::move(image.bytes)));
  list.items.push_back(number(image.camera));
  for (const float angle : {halfWidth, -halfHeight, -halfWidth, halfHeight}) list.items.push_back(qi::dynamic(angle));
  return qi::dynamic(std::move(list));
}

}  // namespace

VideoService::VideoService(const Clock& clock) : clock_(clock) {
  localbus::ObjectBuilder builder;
  builder.method(
      "subscribeCamera",
      [this](const std::string& name, std::int32_t camera, std::int32_t resolution, std::int32_t colorSpace,
             std::int32_t framesPerSecond) {
        return model_.subscribe(name, {camera, resolution, colorSpace, framesPerSecond});
      },
      "name, camera, resolution, color space, frames a second; returns the name to ask with.");
  builder.method("unsubscribe", [this](const std::string& name) { return model_.unsubscribe(name); });
  builder.method("getSubscribers", [this] { return qi::dynamic(qi::toValue(model_.handles())); });
  builder.method("getCameraIndexes", [] { return qi::dynamic(qi::toValue(std::vector<std::int32_t>{0, 1})); });
  const auto part = [this](int CameraModel::Subscription::*member) {
    return [this, member](const std::string& name) -> Result<std::int32_t> {
      const auto found = model_.find(name);
      if (!found) return found.error();
      return (*found).*member;
    };
  };
  builder.method("getFrameRate", part(&CameraModel::Subscription::framesPerSecond));
  builder.method("getActiveCamera", part(&CameraModel::Subscription::camera));
  builder.method("getResolution", part(&CameraModel::Subscription::resolution));
  builder.method("getColorSpace", part(&CameraModel::Subscription::colorSpace));
  builder.method("getImageLocal", [this](const std::string& name) { return image(name); });
  builder.method(
      "getImageRemote", [this](const std::string& name) { return image(name); },
      "[width, height, layers, color space, seconds, microseconds, bytes, camera, left, top, right, bottom]");
  builder.method("releaseImage", [this](const std::string& name) { return model_.find(name).has_value(); });
  object_ = builder.build();
}

Result<Value> VideoService::image(const std::string& handle) const {
  auto taken = model_.image(handle, clock_.wall());
  if (!taken) return taken.error();
  return imageValue(std::move(*taken));
}

}  // namespace beckon::sim
