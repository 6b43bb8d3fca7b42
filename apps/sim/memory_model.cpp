#include "apps/sim/memory_model.hpp"

namespace beckon::sim {
namespace {

using run::Code;
using run::Error;
using run::Result;

Error missing(const std::string& key) {
  return {Code::unknownMember, "there is no data \"" + key + "\" in ALMemory; getDataListName() lists the keys", {}};
}

}  // namespace

Result<MemoryModel::Entry*> MemoryModel::place(const std::string& key) {
  if (key.empty()) return Error{Code::badArguments, "the key is empty", {}};
  if (entries_.size() >= maxKeys && !entries_.contains(key))
    return Error{Code::overloaded, "ALMemory holds " + std::to_string(maxKeys) + " keys already; remove some", {}};
  return &entries_[key];
}

Result<> MemoryModel::insert(const std::string& key, const qi::Value& value, WallTime now) {
  const auto entry = place(key);
  if (!entry) return entry.error();
  (*entry)->value = qi::dynamic(value);
  (*entry)->changed = now;
  return {};
}

Result<> MemoryModel::raise(const std::string& name, const qi::Value& value, Kind kind, WallTime now) {
  const auto entry = place(name);
  if (!entry) return entry.error();
  **entry = {qi::dynamic(value), kind, now};
  return {};
}

Result<> MemoryModel::declare(const std::string& name, WallTime now) {
  const bool isNew = !entries_.contains(name);
  const auto entry = place(name);
  if (!entry) return entry.error();
  if (isNew) **entry = {qi::Dynamic{}, Kind::event, now};
  (*entry)->kind = Kind::event;
  return {};
}

Result<MemoryModel::Entry> MemoryModel::get(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return missing(key);
  return found->second;
}

Result<> MemoryModel::remove(const std::string& key) {
  if (!entries_.erase(key)) return missing(key);
  return {};
}

Result<> MemoryModel::remove(const std::string& key, Kind kind) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.kind != kind) return missing(key);
  entries_.erase(found);
  return {};
}

std::vector<std::string> MemoryModel::keys(const std::string& filter) const {
  std::vector<std::string> names;
  for (const auto& [key, entry] : entries_)
    if (key.find(filter) != std::string::npos) names.push_back(key);
  return names;
}

std::vector<std::string> MemoryModel::keys(Kind kind) const {
  std::vector<std::string> names;
  for (const auto& [key, entry] : entries_)
    if (entry.kind == kind) names.push_back(key);
  return names;
}

}  // namespace beckon::sim
