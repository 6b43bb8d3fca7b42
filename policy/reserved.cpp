#include "policy/view.hpp"

#include <algorithm>
#include <array>

namespace beckon::policy {
namespace {

constexpr std::array<std::string_view, 4> registering{"registerService", "unregisterService", "serviceReady",
                                                      "updateServiceInfo"};
// registerEvent, unregisterEvent, metaObject, property, setProperty, properties, registerEventWithSignature
// (docs/protocol/qi.md).
constexpr std::array<std::uint32_t, 7> needed{0, 1, 2, 5, 6, 7, 8};

}  // namespace

bool isReserved(std::string_view service, std::string_view member) {
  return service.starts_with('_') || member.starts_with('_') || service == otherRobotsService ||
         (service == "ServiceDirectory" && std::ranges::find(registering, member) != registering.end());
}

bool isNeededByClients(std::uint32_t action) { return std::ranges::find(needed, action) != needed.end(); }

}  // namespace beckon::policy
