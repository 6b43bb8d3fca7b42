#pragma once

#include "apps/sim/camera_model.hpp"
#include "localbus/object_builder.hpp"

#include <memory>

namespace beckon::sim {

// ALVideoDevice: images of a test pattern, by call.
class VideoService {
 public:
  explicit VideoService(const Clock& clock);
  VideoService(const VideoService&) = delete;
  VideoService& operator=(const VideoService&) = delete;

  const std::shared_ptr<localbus::Object>& object() const { return object_; }

 private:
  run::Result<qi::Value> image(const std::string& handle) const;

  const Clock& clock_;
  CameraModel model_;
  std::shared_ptr<localbus::Object> object_;
};

}  // namespace beckon::sim
