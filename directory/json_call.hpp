#pragma once

#include "core/qi/json.hpp"
#include "directory/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

// What callers do that have JSON instead of types: the command line, the IQ door.
namespace beckon::directory {

// Arguments are a JSON array, read by the parameters of the overload that they fit (core/qi/json.hpp).
// Errors: those of Session::service and RemoteObject::call.
boost::asio::awaitable<run::Result<qi::Value>> callWithJson(std::shared_ptr<Session> session, std::string service,
                                                            std::string method, qi::Json arguments,
                                                            localbus::Duration timeout);
boost::asio::awaitable<run::Result<qi::Value>> getProperty(std::shared_ptr<Session> session, std::string service,
                                                           std::string property, localbus::Duration timeout);
boost::asio::awaitable<run::Result<>> setWithJson(std::shared_ptr<Session> session, std::string service,
                                                  std::string property, qi::Json value, localbus::Duration timeout);

}  // namespace beckon::directory
