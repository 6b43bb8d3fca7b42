#pragma once

#include "core/qi/meta_object.hpp"
#include "directory/session.hpp"
#include "policy/view.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beckon::gateway {

// What the caller of `view` may use of an object of this service: of each kind what some verb is granted on. Actions
// that every object has are left out, too.
qi::MetaObject visible(policy::View& view, std::string_view service, const qi::MetaObject& metaObject);
// Of a method, signal or property; empty: there is none of that number. Valid as long as `meta` is.
std::string_view nameOf(const qi::MetaObject& meta, std::uint32_t member);
// Whether anything is left of it.
bool isEmpty(const qi::MetaObject& metaObject);

// The bus as one caller may see it. Visible means callable: what is left out here is neither listed nor reachable, and
// is answered in the words for what does not exist. Lives on the executor of the session.
class VisibleBus {
 public:
  // For whom something is looked up.
  struct Caller {
    std::shared_ptr<policy::View> view;
    // A member that is looked up as if it did not exist, because it was refused.
    std::optional<std::string> without = {};
    std::string session = {};  // by what name control leases know it
  };
  // The gateway's own service, for that session.
  using OwnService = std::function<std::shared_ptr<localbus::RemoteObject>(const Caller&)>;

  // From now on. It looks for its directory by itself.
  void use(std::shared_ptr<directory::Session> session) { session_ = std::move(session); }
  void offerControl(OwnService control) { control_ = std::move(control); }
  // After a change of the policy: what was made for older views is no longer kept.
  void forget() { shown_.clear(); }
  // What was called or posted under that lease and has not left yet never does.
  void takeBack(const policy::Lease& lease);

  // Errors of all: those of Session; unreachable while there is no directory.
  boost::asio::awaitable<run::Result<std::vector<std::string>>> services(Caller caller);
  // The service with its visible members only, for calls and properties.
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::RemoteObject>>> service(Caller caller, std::string name);
  boost::asio::awaitable<run::Result<std::shared_ptr<directory::Watch>>> watch(Caller caller, std::string service,
                                                                               std::string member,
                                                                               directory::Watch::Handlers handlers);

 private:
  struct Shown {
    std::shared_ptr<policy::View> view;  // keeps the key its own
    std::shared_ptr<localbus::RemoteObject> whole, visible;
  };
  using Key = std::pair<const policy::View*, std::string>;
  // Of what is kept for calls to come; made anew it costs the copy of a meta object.
  static constexpr std::size_t mostShown = 1024;

  std::shared_ptr<directory::Session> session_;
  OwnService control_;
  std::map<Key, Shown> shown_;
  std::map<std::string, std::shared_ptr<localbus::RemoteObject>> used_;  // by their names, while they are connected
};

}  // namespace beckon::gateway
