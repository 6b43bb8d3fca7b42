#include "directory/registry.hpp"

#include "core/qi/limits.hpp"
#include "core/qi/message.hpp"

#include <boost/url/parse.hpp>

namespace beckon::directory {

using run::Code;
using run::Error;
using run::Result;

namespace {

Result<> checkSize(const ServiceInfo& info) {
  std::size_t size = info.name.size() + info.machineId.size() + info.sessionId.size() + info.objectUid.size();
  for (const auto& endpoint : info.endpoints) size += endpoint.size();
  if (size <= qi::limits::maxServiceInfo) return {};
  return Error{Code::tooLarge,
               "what is registered of a service takes " + std::to_string(size) + " bytes, the limit is " +
                   std::to_string(qi::limits::maxServiceInfo),
               "give it a shorter name, or fewer endpoints"};
}

Result<> checkEndpoints(const ServiceInfo& info) {
  for (const auto& endpoint : info.endpoints)
    if (!boost::urls::parse_uri(boost::core::string_view(endpoint)))
      return Error{Code::invalidArgument, "\"" + endpoint + "\" is not a valid URI",
                   "register with endpoints such as tcp://127.0.0.1:9600"};
  return {};
}

}  // namespace

Result<std::uint32_t> Registry::add(ServiceInfo info, Owner owner) {
  if (info.name.empty()) return Error{Code::invalidArgument, "a service needs a name", {}};
  if (const auto taken = names_.find(info.name); taken != names_.end())
    return Error{Code::nameTaken,
                 "Service \"" + info.name + "\" (#" + std::to_string(taken->second) +
                     ") is already registered. Rejecting conflicting registration attempt.",
                 "choose another name, or stop the program that has it"};
  if (const auto small = checkSize(info); !small) return small.error();
  if (const auto valid = checkEndpoints(info); !valid) return valid.error();
  if (const auto has = byOwner_.find(owner);
      has != byOwner_.end() && has->second.size() >= qi::limits::maxRegistrations)
    return Error{
        Code::overloaded,
        "this connection has registered " + std::to_string(has->second.size()) + " services, which is the limit",
        "unregister some of them, or connect once more"};
  const auto id = hasDirectory_ ? ids_.next() : Result<std::uint32_t>(qi::directoryService);
  if (!id) return id;
  hasDirectory_ = true;
  info.serviceId = *id;
  names_[info.name] = *id;
  byOwner_[owner].insert(*id);
  entries_.emplace(*id, Entry{std::move(info), owner});
  return id;
}

Registry::Change Registry::end(Entries::iterator entry) {
  Change change{Change::Kind::removed, entry->first, std::move(entry->second.info.name)};
  names_.erase(change.name);
  entries_.erase(entry);
  return change;
}

Result<Registry::Entries::iterator> Registry::owned(std::uint32_t id, Owner owner, const std::string& unknown) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return Error{Code::unknownService, unknown + std::to_string(id), {}};
  if (found->second.owner != owner)
    return Error{Code::notOwner, "service #" + std::to_string(id) + " was registered by another connection",
                 "only the program that registered a service may change or end it"};
  return found;
}

Result<Registry::Change> Registry::ready(std::uint32_t id, Owner owner) {
  const auto entry = owned(id, owner, "Can't find pending service #");
  if (!entry) return entry.error();
  if ((*entry)->second.isReady)
    return Error{Code::unknownService, "Can't find pending service #" + std::to_string(id), {}};
  (*entry)->second.isReady = true;
  return Change{Change::Kind::added, id, (*entry)->second.info.name};
}

Result<Registry::Change> Registry::remove(std::uint32_t id, Owner owner) {
  const auto entry = owned(id, owner, "Unregister Service: Can't find service #");
  if (!entry) return entry.error();
  const auto mine = byOwner_.find(owner);
  mine->second.erase(id);
  if (mine->second.empty()) byOwner_.erase(mine);
  return end(*entry);
}

Result<> Registry::update(const ServiceInfo& info, Owner owner) {
  const auto entry = owned(info.serviceId, owner, "updateServiceInfo: Can't find service #");
  if (!entry) return entry.error();
  if (info.name != (*entry)->second.info.name)
    return Error{Code::invalidArgument, "a service cannot be renamed", "register it anew under the other name"};
  if (const auto small = checkSize(info); !small) return small.error();
  if (const auto valid = checkEndpoints(info); !valid) return valid.error();
  (*entry)->second.info = info;
  for (const auto id : byOwner_.at(owner))
    if (auto& other = entries_.at(id).info; other.sessionId == info.sessionId) other.endpoints = info.endpoints;
  return {};
}

std::vector<Registry::Change> Registry::removeOwner(Owner owner) {
  std::vector<Change> changes;
  const auto all = byOwner_.extract(owner);
  if (all.empty()) return changes;
  for (const auto id : all.mapped()) changes.push_back(end(entries_.find(id)));
  return changes;
}

Result<ServiceInfo> Registry::find(const std::string& name) const {
  if (const auto id = names_.find(name); id != names_.end())
    if (const auto& entry = entries_.at(id->second); entry.isReady) return entry.info;
  return Error{Code::unknownService, "Cannot find service '" + name + "' in index",
               "list what there is with the verb services"};
}

std::optional<Registry::Owner> Registry::owner(std::uint32_t id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.isReady) return {};
  return found->second.owner;
}

std::vector<ServiceInfo> Registry::list() const {
  std::vector<ServiceInfo> out;
  for (const auto& [id, entry] : entries_)
    if (entry.isReady) out.push_back(entry.info);
  return out;
}

}  // namespace beckon::directory
