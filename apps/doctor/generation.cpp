#include "apps/doctor/generation.hpp"

#include <algorithm>

namespace beckon::doctor {
namespace {

namespace capability = qi::capability;

std::string fieldsOf(const BusFacts& bus) {
  return "its ServiceInfo has " + std::to_string(bus.infoFields) + " fields, " +
         (bus.hasObjectUid ? "objectUid among them" : "no objectUid");
}

}  // namespace

Generation generationOf(const Login& login, const BusFacts* bus) {
  const auto& told = login.told;
  const auto fields = [&](const std::string& other) { return bus ? fieldsOf(*bus) + "; " + other : other; };
  const auto isOurs = [](const auto& entry) { return entry.first.starts_with("Beckon"); };
  if (const auto own = std::ranges::find_if(told, isOurs); own != told.end())
    return {"Beckon", "it tells the capability " + own->first};
  if (login.isWithout) return {"older than NAOqi 2.1", "it knows no authentication"};
  if (bus && !bus->hasObjectUid) {
    const std::string flags = told.contains(capability::messageFlags) ? "it knows MessageFlags" : "no MessageFlags";
    return {"NAOqi 2.1 to 2.5", fieldsOf(*bus) + "; " + flags};
  }
  qi::Capabilities known(qi::ownCapabilities());
  known.addRemote(told);
  if (told.contains(capability::relativeEndpointUri))
    return known.remote(capability::relativeEndpointUri)
               ? Generation{"libqi 4", fields("it knows RelativeEndpointURI")}
               : Generation{"Beckon", fields("it knows RelativeEndpointURI and switches it off, which libqi does not")};
  if (bus || told.contains(capability::objectPtrUid))
    return {"NAOqi 2.9 or libqi before 4", fields("no RelativeEndpointURI")};
  const bool tellsAny = std::ranges::any_of(told, [](const auto& entry) { return !entry.first.starts_with("__qi_"); });
  if (tellsAny) return {"NAOqi before 2.9", "no ObjectPtrUID among its capabilities"};
  return {"not known", "it refused before it told what it can do"};
}

}  // namespace beckon::doctor
