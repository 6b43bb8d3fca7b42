#pragma once

#include "apps/sim/clock.hpp"
#include "apps/sim/test_pattern.hpp"
#include "core/run/error.hpp"

#include <map>
#include <string>
#include <vector>

namespace beckon::sim {

struct Image {
  Resolution size;
  ColorSpace space;
  int camera;
  std::chrono::microseconds taken;  // since 1970
  qi::Bytes bytes;
};

// Who watches which camera how, and the image that he gets; without I/O.
class CameraModel {
 public:
  struct Subscription {
    int camera, resolution, colorSpace, framesPerSecond;
  };
  // NAOqi's own limits: of one name, and frames a second.
  static constexpr int maxOfOneName = 8;
  static constexpr int maxFramesPerSecond = 30;
  static constexpr std::size_t maxSubscriptions = 100;

  // Returns the name to ask with: "NAME_0", then "NAME_1" ... Errors: badArguments, overloaded.
  run::Result<std::string> subscribe(const std::string& name, const Subscription& wanted);
  bool unsubscribe(const std::string& handle) { return subscriptions_.erase(handle) > 0; }
  // Error unknownMember.
  run::Result<Subscription> find(const std::string& handle) const;
  std::vector<std::string> handles() const;

  // The newest frame at that time; asked twice within one, the same. Error unknownMember.
  run::Result<Image> image(const std::string& handle, WallTime now) const;

 private:
  std::map<std::string, Subscription> subscriptions_;
};

}  // namespace beckon::sim
