#pragma once

#include "directory/service_directory.hpp"
#include "directory/session.hpp"
#include "tests/localbus/sample.hpp"

// A directory on a port of its own, and ways to reach it.
namespace beckon::test {

// Of the machine that the recorded messages come from.
inline const std::string machineId = "9b6be4df-9f5d-4fc9-9137-92dafb74c073";

struct Bus {
  explicit Bus(localbus::Authenticator authenticator = {})
      : directory(loop.io, machineId, run::silentLog(), std::move(authenticator)),
        endpoint(directory.start({"127.0.0.1", 0}).value()) {}

  std::shared_ptr<directory::Session> session(directory::Session::Options options = {machineId}) {
    return loop.await(directory::Session::connect(loop.io, endpoint, std::move(options), run::silentLog())).value();
  }
  RawPeer peer() {
    RawPeer raw(loop, endpoint);
    raw.authenticate();
    return raw;
  }
  static qi::Address member(std::uint32_t action) { return {qi::directoryService, qi::mainObject, action}; }

  Loop loop;
  directory::ServiceDirectory directory;
  localbus::Endpoint endpoint;
};

// The members of service 1.
namespace member {
inline constexpr std::uint32_t service = 100, services = 101, registerService = 102, unregisterService = 103,
                               serviceReady = 104, updateServiceInfo = 105, serviceAdded = 106, serviceRemoved = 107,
                               machineId = 108;
}

inline directory::ServiceInfo info(const std::string& name, const std::string& endpoint = "tcp://127.0.0.1:9") {
  return {name, 0, machineId, 4711, {endpoint}, "session of " + name, {}};
}

}  // namespace beckon::test
