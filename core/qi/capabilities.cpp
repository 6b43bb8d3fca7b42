#include "core/qi/capabilities.hpp"

namespace beckon::qi {
namespace {

// Any number or bool counts, whatever its width; everything else is "not set".
bool isSet(const CapabilityMap& map, const std::string& name) {
  const auto found = map.find(name);
  if (found == map.end()) return false;
  return std::visit(
      [](const auto& value) {
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(value)>>)
          return value != 0;
        else
          return false;
      },
      found->second.inner().data());
}

// What one end says of itself and the other need not say.
bool tells(const std::string& name) {
  return name == capability::beckonSession || name == capability::beckonResume || name == capability::beckonRelay ||
         name == capability::beckonCaller;
}

}  // namespace

CapabilityMap ownCapabilities() {
  return {{capability::clientServerSocket, dynamic(true)},   {capability::messageFlags, dynamic(true)},
          {capability::metaObjectCache, dynamic(false)},     {capability::objectPtrUid, dynamic(true)},
          {capability::relativeEndpointUri, dynamic(false)}, {capability::remoteCancelableCalls, dynamic(true)}};
}

void Capabilities::addRemote(const CapabilityMap& remote) {
  for (const auto& [key, value] : remote)
    if (own_.contains(key) || tells(key)) remote_.emplace(key, value);
  objectFormat_ = {shared(capability::metaObjectCache), shared(capability::objectPtrUid)};
}

CapabilityMap Capabilities::answered() const {
  auto map = own_;
  if (!remote(capability::beckonNumbers)) map.erase(capability::beckonNumbers);
  return map;
}

bool Capabilities::shared(const std::string& name) const { return isSet(own_, name) && isSet(remote_, name); }
bool Capabilities::remote(const std::string& name) const { return isSet(remote_, name); }

std::string Capabilities::remoteText(const std::string& name) const {
  const auto found = remote_.find(name);
  const auto* text = found == remote_.end() ? nullptr : found->second.inner().as<std::string>();
  return text ? *text : "";
}

}  // namespace beckon::qi
