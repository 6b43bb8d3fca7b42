#pragma once

#include "apps/doctor/exchange.hpp"
#include "core/qi/meta_object.hpp"
#include "directory/service_info.hpp"

#include <string>
#include <vector>

namespace beckon::doctor {

// What a directory says of itself and its services.
struct BusFacts {
  std::size_t infoFields = 0;  // of its ServiceInfo: libqi's generations differ in them
  bool hasObjectUid = false;
  std::vector<directory::ServiceInfo> services;
};

// Of the directory behind `peer`, which has let us in. Errors: those of Exchange::call(); callFailed with the
// directory's words, protocolError where what it answers cannot be read or is no directory's.
asio::awaitable<run::Result<BusFacts>> readBus(Exchange& peer, Deadline until);

// Whether the directory passes on calls of that service, as Beckon's do.
asio::awaitable<bool> isPassedOn(Exchange& directory, std::uint32_t service, Deadline until);

// Why a service cannot be used from here.
struct Unreached {
  std::string service;
  std::string why;
};
// Those of `services` that lead nowhere from this computer, whose id is `machineId`. All endpoints are tried at once;
// `dialled` is where the directory itself was reached.
asio::awaitable<std::vector<Unreached>> unreached(const std::vector<directory::ServiceInfo>& services,
                                                  std::string machineId, asio::ip::tcp::endpoint dialled,
                                                  Exchange& directory, Deadline until);

}  // namespace beckon::doctor
