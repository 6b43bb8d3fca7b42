#include "tests/interop/differences.hpp"

#include "core/qi/convert.hpp"

namespace beckon::test {
namespace {

using directory::ServiceInfo;

const KnownDifference allKnown[] = {
    {Difference::noRelativeEndpointCapability, "RelativeEndpointURI is false", Played::client, "01_connect.json",
     +[](qi::CapabilityMap& expected, const qi::CapabilityMap&) {
       const auto found = expected.find(qi::capability::relativeEndpointUri);
       if (found != expected.end()) found->second = qi::dynamic(false);
     }},
    {Difference::noRelativeEndpoints, "no relative endpoints", Played::client, "07_services.json",
     +[](ServiceInfo& expected, const ServiceInfo&) {
       std::erase_if(expected.endpoints, [](const std::string& url) { return url.starts_with("qi:"); });
     }},
    {Difference::noInnerDoor, "no _socketOfService", Played::client, "01_connect.json",
     +[](qi::MetaObject& expected, const qi::MetaObject&) {
       std::erase_if(expected.methods, [](const auto& method) { return method.second.name == "_socketOfService"; });
     }},
    {Difference::machineIdNotAsked, "machineId is not asked", Played::server, "01_connect.json", AmongMessages()},
    {Difference::sessionTold, "capabilities of our own tell the session", Played::server, "01_connect.json",
     +[](qi::CapabilityMap& expected, const qi::CapabilityMap& ours) {
       for (const char* name : {qi::capability::beckonSession, qi::capability::beckonResume,
                                qi::capability::beckonRelay, qi::capability::beckonNumbers})
         if (const auto told = ours.find(name); told != ours.end()) expected.insert(*told);
     }},
    {Difference::unixSocketListed, "a unix socket beside the port", Played::server, "06_register_unregister.json",
     +[](ServiceInfo& expected, const ServiceInfo& ours) {
       for (const auto& url : ours.endpoints)
         if (url.starts_with("unix:")) expected.endpoints.push_back(url);
     }},
    {Difference::convertedProperty, "a property's value is converted by the client", Played::server, "12_property.json",
     +[](PropertyArguments& expected, const PropertyArguments& ours) {
       auto& value = std::get<1>(expected);
       if (const auto converted = qi::convert(value.inner(), std::get<1>(ours).inner().signature()))
         value = qi::dynamic(*converted);
     }},
    {Difference::otherOrder, "one order of independent messages", Played::client, "22_gateway.json", AmongMessages()},
    {Difference::measuredTimes, "other times", Played::client, "17_stats.json",
     +[](Statistics& expected, const Statistics& ours) {
       for (auto& [action, method] : expected) {
         const auto measured = ours.find(action);
         if (measured == ours.end()) continue;
         method.wall = measured->second.wall;
         method.user = measured->second.user;
         method.system = measured->second.system;
       }
     }},
};

}  // namespace

std::span<const KnownDifference> knownDifferences() { return allKnown; }

}  // namespace beckon::test
