#pragma once

#include "core/qi/meta_object.hpp"
#include "directory/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::gateway {

// Without hidden members (actions that every object has, names with an underscore) and, of the service directory,
// without those that change registrations: services are registered on the bus only.
qi::MetaObject visible(std::string_view service, const qi::MetaObject& metaObject);

// The bus as the doors show it. Visible means callable: what is left out here is neither listed nor reachable from
// outside, whoever asks, and is answered in the words for what does not exist. Services whose names begin with an
// underscore are the robot's own business. Lives on the executor of the session.
class VisibleBus {
 public:
  // From now on. It looks for its directory by itself.
  void use(std::shared_ptr<directory::Session> session) { session_ = std::move(session); }

  // Errors of all: those of Session; unreachable while there is no directory.
  boost::asio::awaitable<run::Result<std::vector<std::string>>> services();
  // The service with its visible members only, for calls and properties.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> service(std::string name);
  boost::asio::awaitable<run::Result<std::shared_ptr<directory::Watch>>> watch(std::string service, std::string member,
                                                                               directory::Watch::Handlers handlers);

 private:
  struct Shown {
    std::shared_ptr<localbus::RemoteObject> whole, visible;
  };
  boost::asio::awaitable<run::Result<Shown>> find(std::string name);

  std::shared_ptr<directory::Session> session_;
  std::map<std::string, Shown> shown_;
};

}  // namespace beckon::gateway
