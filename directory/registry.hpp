#pragma once

#include "core/run/error.hpp"
#include "directory/service_info.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace beckon::directory {

// Which services exist and who registered them, without I/O. A registration belongs to an owner (a
// connection): only its owner changes or ends it, and it ends with its owner. Ids are never reused.
// Error texts are libqi's, which programs look for.
class Registry {
 public:
  using Owner = std::uint64_t;

  struct Change {
    enum class Kind { added, removed } kind;
    std::uint32_t id;
    std::string name;
    bool operator==(const Change&) const = default;
  };

  // Reserves the name; the service is pending, in no list, until ready(). Returns its id.
  // Errors: nameTaken; invalidArgument for an empty name or an endpoint that is no URI.
  run::Result<std::uint32_t> add(ServiceInfo info, Owner owner);
  // Lists a pending service. Errors: unknownService, notOwner.
  run::Result<Change> ready(std::uint32_t id, Owner owner);
  // Ends a registration, pending or ready. Errors: unknownService, notOwner.
  run::Result<Change> remove(std::uint32_t id, Owner owner);
  // Replaces the entry, and the endpoints of the owner's other services of the same session.
  run::Result<> update(const ServiceInfo& info, Owner owner);
  // The owner is gone: what it registered is, too, in the order of registration.
  std::vector<Change> removeOwner(Owner owner);

  run::Result<ServiceInfo> find(const std::string& name) const;          // error unknownService
  Owner owner(std::uint32_t id) const { return entries_.at(id).owner; }  // of a service that find() gave
  std::vector<ServiceInfo> list() const;                                 // by id

 private:
  struct Entry {
    ServiceInfo info;
    Owner owner;
    bool isReady = false;
  };
  using Entries = std::map<std::uint32_t, Entry>;
  run::Result<Entries::iterator> owned(std::uint32_t id, Owner owner, const std::string& unknown);

  Entries entries_;
  std::map<std::string, std::uint32_t, std::less<>> names_;  // pending ones too
  std::uint32_t lastId_ = 0;
};

}  // namespace beckon::directory
