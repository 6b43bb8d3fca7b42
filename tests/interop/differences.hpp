#pragma once

#include "core/qi/capabilities.hpp"
#include "core/qi/meta_object.hpp"
#include "directory/service_info.hpp"
#include "localbus/statistics.hpp"

#include <set>
#include <span>
#include <tuple>
#include <variant>

// What Beckon sends otherwise than libqi 4.0.5 in a recorded scenario, and means to. Whatever is not here and not
// random (tests/data/qi/README.md) has to be equal, byte by byte. docs/protocol/qi.md has a line for each.
namespace beckon::test {

enum class Difference {
  noRelativeEndpointCapability,
  noRelativeEndpoints,
  noInnerDoor,
  machineIdNotAsked,
  sessionTold,
  unixSocketListed,
  convertedProperty,
  otherOrder,
  measuredTimes,
};
using Differences = std::set<Difference>;

// Which side of a scenario the recording plays.
enum class Played { client, server };

// Arguments of setProperty, and what stats returns.
using PropertyArguments = std::tuple<qi::Value, qi::Value>;
using Statistics = std::map<std::uint32_t, localbus::MethodStatistics>;

// Makes of what libqi sent what we send instead; changes nothing where that is the same.
template <class T>
using Change = void (*)(T& expected, const T& ours);
// Not in one message but among several: the replays look after it.
struct AmongMessages {};

struct KnownDifference {
  Difference kind;
  const char* name;  // in docs/protocol/qi.md
  Played played;     // a scenario that shows it
  const char* file;
  std::variant<AmongMessages, Change<qi::CapabilityMap>, Change<directory::ServiceInfo>, Change<qi::MetaObject>,
               Change<PropertyArguments>, Change<Statistics>>
      change;
};

std::span<const KnownDifference> knownDifferences();

}  // namespace beckon::test
