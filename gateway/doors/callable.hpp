#pragma once

#include "core/qi/meta_object.hpp"
#include "gateway/visible_bus.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::gateway {

// A service with those of its methods that a caller may call, in the order of their numbers.
struct Callable {
  std::string service;
  std::vector<qi::MetaMethod> methods;
};

// None has no method. Errors: those of VisibleBus.
boost::asio::awaitable<run::Result<std::vector<Callable>>> callables(std::shared_ptr<VisibleBus> bus,
                                                                     VisibleBus::Caller caller);

// A service, or some of its methods, by name: "Speech", "Speech.say" (all overloads), "Speech.say::(s)".
struct Named {
  Callable found;      // without methods where there is nothing of that name that the caller may call
  std::string member;  // empty: the service was named; else what stands behind its name
};
boost::asio::awaitable<run::Result<Named>> named(std::shared_ptr<VisibleBus> bus, VisibleBus::Caller caller,
                                                 std::string name);

// "say::(s)".
std::string fullName(const qi::MetaMethod& method);
// The name of a parameter (from 0), where the service tells it.
std::string_view parameterName(const qi::MetaMethod& method, std::size_t parameter);
// The types of the parameters: a tuple, empty where the service's text is none.
qi::Signature parametersOf(const qi::MetaMethod& method);
// "say <text>", "moveTo <x> <y> <theta>".
std::string usage(const qi::MetaMethod& method);

}  // namespace beckon::gateway
