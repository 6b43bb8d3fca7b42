#pragma once

#include "core/qi/codec.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace beckon::directory {

// A service as the directory lists it; names, order and meaning of the fields are libqi's.
struct ServiceInfo {
  std::string name;
  std::uint32_t serviceId = 0;  // set by the directory
  std::string machineId;        // core/run/machine_id.hpp
  std::uint32_t processId = 0;
  std::vector<std::string> endpoints;  // URIs; schemes that we do not know are kept and listed
  std::string sessionId;               // one UUID a session; "0" for the directory itself
  std::string objectUid;               // 20 bytes that need not be text, or empty

  bool operator==(const ServiceInfo&) const = default;
};

}  // namespace beckon::directory

template <>
struct beckon::qi::Struct<beckon::directory::ServiceInfo> {
  using T = beckon::directory::ServiceInfo;
  static constexpr Text name{"ServiceInfo"};
  static constexpr auto fields =
      std::tuple{Field{Text{"name"}, &T::name},           Field{Text{"serviceId"}, &T::serviceId},
                 Field{Text{"machineId"}, &T::machineId}, Field{Text{"processId"}, &T::processId},
                 Field{Text{"endpoints"}, &T::endpoints}, Field{Text{"sessionId"}, &T::sessionId},
                 Field{Text{"objectUid"}, &T::objectUid}};
};
