#pragma once

#include "core/qi/meta_object.hpp"

#include <string_view>

// What the doors show of the bus. Visible means callable: what is left out here is neither listed nor reachable from
// outside, whoever asks.
namespace beckon::gateway {

// Names that begin with an underscore are the robot's own business.
bool isVisible(std::string_view service);

// Without hidden members (actions that every object has, names with an underscore) and, of the service directory,
// without those that change registrations: services are registered on the bus only.
qi::MetaObject visible(std::string_view service, const qi::MetaObject& metaObject);

}  // namespace beckon::gateway
