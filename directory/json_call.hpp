#pragma once

#include "core/qi/json.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

// What callers do that have JSON instead of types: the command line, the IQ door. Arguments are a JSON array, read by
// the parameters of the overload that they fit (core/qi/json.hpp). Errors: those of RemoteObject.
namespace beckon::directory {

boost::asio::awaitable<run::Result<qi::Value>> callWithJson(std::shared_ptr<localbus::RemoteObject> object,
                                                            std::string method, qi::Json arguments,
                                                            localbus::Duration timeout);
run::Result<> postWithJson(localbus::RemoteObject& object, const std::string& method, const qi::Json& arguments);
boost::asio::awaitable<run::Result<>> setWithJson(std::shared_ptr<localbus::RemoteObject> object, std::string property,
                                                  qi::Json value, localbus::Duration timeout);

}  // namespace beckon::directory
