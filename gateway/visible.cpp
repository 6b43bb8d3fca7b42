#include "gateway/visible.hpp"

#include <algorithm>
#include <array>

namespace beckon::gateway {
namespace {

constexpr std::array<std::string_view, 4> registering{"registerService", "unregisterService", "serviceReady",
                                                      "updateServiceInfo"};

}  // namespace

bool isVisible(std::string_view service) { return !service.starts_with('_'); }

qi::MetaObject visible(std::string_view service, const qi::MetaObject& metaObject) {
  qi::MetaObject out = metaObject;
  const auto isHidden = [](const auto& entry) { return qi::isHidden(entry.first, entry.second.name); };
  std::erase_if(out.methods, isHidden);
  std::erase_if(out.signals, isHidden);
  std::erase_if(out.properties, isHidden);
  if (service == "ServiceDirectory")
    std::erase_if(out.methods, [](const auto& entry) {
      return std::ranges::find(registering, entry.second.name) != registering.end();
    });
  return out;
}

}  // namespace beckon::gateway
