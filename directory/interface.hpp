#pragma once

#include "core/run/error.hpp"

#include <boost/asio/awaitable.hpp>

// A service's interface, declared once in C++ for those who serve it and those who call it (docs/design/016):
//
//   template <class Side>
//   struct Lamp : bus::Interface<Side> {
//     bus::Method<Side, void(bool)> turn{*this, "turn"};
//     bus::Signal<Side, std::string> broke{*this, "broke"};
//     bus::Property<Side, std::int32_t> level{*this, "level"};
//   };
//
// Lamp<Service> has the functions and emits (service.hpp), Lamp<Client> is a proxy for coroutines (client.hpp), and
// Lamp<Blocking> one for scripts (blocking.hpp). Members refer to the interface that they are part of: it stays where
// it was made. Types are those with a qi::Codec.
namespace beckon::directory {

// The sides.
struct Service {};
struct Client {};
struct Blocking {};

template <class Side>
class Interface;
template <class Side, class Signature>
class Method;
template <class Side, class... Args>
class Signal;
template <class Side, class T>
class Property;

// What most coroutines here give.
template <class T = void>
using Awaitable = boost::asio::awaitable<run::Result<T>>;

}  // namespace beckon::directory
