#pragma once

#include "core/run/error.hpp"
#include "directory/service_ids.hpp"
#include "directory/service_info.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace beckon::directory {

// Which services exist and who registered them, without I/O. A registration belongs to an owner (a
// connection): only its owner changes or ends it, and it ends with its owner. Ids are never reused.
// Error texts are libqi's, which programs look for.
class Registry {
 public:
  using Owner = std::uint64_t;

  explicit Registry(ServiceIds ids = {}) : ids_(std::move(ids)) {}

  struct Change {
    enum class Kind { added, removed } kind;
    std::uint32_t id;
    std::string name;
    bool operator==(const Change&) const = default;
  };

  // Reserves the name; the service is pending, in no list, until ready(). Returns its id: 1 for the first, which is the
  // directory itself.
  // Errors: nameTaken; invalidArgument for an empty name or an endpoint that is no URI; tooLarge, overloaded.
  run::Result<std::uint32_t> add(ServiceInfo info, Owner owner);
  // Lists a pending service. Errors: unknownService, notOwner.
  run::Result<Change> ready(std::uint32_t id, Owner owner);
  // Ends a registration, pending or ready. Errors: unknownService, notOwner.
  run::Result<Change> remove(std::uint32_t id, Owner owner);
  // Replaces the entry, and the endpoints of the owner's other services of the same session.
  run::Result<> update(const ServiceInfo& info, Owner owner);
  // The owner is gone: what it registered is, too, in the order of registration.
  std::vector<Change> removeOwner(Owner owner);

  run::Result<ServiceInfo> find(const std::string& name) const;  // error unknownService
  std::optional<Owner> owner(std::uint32_t id) const;            // of a service that is listed
  std::vector<ServiceInfo> list() const;                         // by id

 private:
  struct Entry {
    ServiceInfo info;
    Owner owner;
    bool isReady = false;
  };
  using Entries = std::map<std::uint32_t, Entry>;
  run::Result<Entries::iterator> owned(std::uint32_t id, Owner owner, const std::string& unknown);
  Change end(Entries::iterator entry);

  ServiceIds ids_;
  Entries entries_;
  std::unordered_map<std::string, std::uint32_t> names_;        // pending ones too
  std::unordered_map<Owner, std::set<std::uint32_t>> byOwner_;  // those who have any
  bool hasDirectory_ = false;
};

}  // namespace beckon::directory
