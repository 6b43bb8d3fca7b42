#pragma once

#include "gateway/control.hpp"
#include "gateway/lan/catalogue.hpp"
#include "gateway/lan/rights.hpp"
#include "gateway/lan/shadow_directory.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace beckon::gateway {

// One connection from outside: whom it is for, what he sees of the bus and uses there. It has connections on the bus of
// its own, made when first needed, so that services can tell callers apart. Lives on the connection's executor.
class LanSession final : public localbus::Receiver, public std::enable_shared_from_this<LanSession> {
 public:
  // Messages that wait for a service until the way there is open.
  static constexpr std::size_t maxWaiting = 256;

  // What all sessions of a door have in common.
  struct Door {
    std::shared_ptr<Catalogue> catalogue;
    std::string machineId;
    std::string sessionId;  // of the gateway, told for each service
    std::string scheme;     // by which clients come: "tcps"
    std::uint16_t port = 0;
    std::function<std::shared_ptr<directory::Session>(const std::string& principal)> bus;
    std::shared_ptr<Control> control;             // of control leases; null: there are none
    std::uint32_t controlId = 0;                  // the number of its service
    std::shared_ptr<policy::audit::Trail> trail;  // null: nothing is recorded
    run::Log log;
  };

  LanSession(std::shared_ptr<const Door> door, std::shared_ptr<localbus::Connection> connection,
             std::shared_ptr<policy::View> view);
  // Takes the connection's calls from now on, until it is closed; `closed` is told then.
  void start(std::function<void()> closed);
  void close(const run::Error& reason);

  const policy::Caller& caller() const { return rights_->view().caller(); }
  const localbus::Connection& connection() const { return *connection_; }
  // The policy has changed: what is not granted any more ends, what is now appears.
  void replace(std::shared_ptr<policy::View> view);

  // Somebody has a control lease no more: if it was this session, or it acted under it, what it called so ends.
  void lost(const policy::Lease& lease, const policy::Leases::Owner& who);

  void received(const std::shared_ptr<localbus::Connection>& from, const qi::Message& message) override;
  void closed(const localbus::Connection& connection) override;

 private:
  static constexpr localbus::Duration openTime = std::chrono::seconds(5);  // of a service

  struct Waiting {
    qi::Header header;
    qi::Bytes payload;
  };
  struct Used {  // a service, once it was called
    std::string name;
    std::shared_ptr<localbus::ForwardedObject> object;  // null: the way there is being opened
    std::vector<Waiting> waiting;
  };
  struct Provided {  // a service of the client's own
    directory::ServiceInfo info;
    std::uint32_t onBus = 0;  // 0: not ready yet
  };

  ShadowDirectory::Services services();
  directory::ServiceInfo told(const Catalogue::Entry& entry) const;
  directory::ServiceInfo toldOfControl() const;
  bool shows(const Catalogue::Entry& entry) const;
  void changed(const Catalogue::EntryPtr& entry, bool isThere);
  void hide(std::uint32_t id, const std::string& name);
  void busEnded(const localbus::Connection& connection);
  boost::asio::awaitable<void> showAgain(std::uint32_t id);

  // session_control.cpp
  bool isControlShown() const;
  void showControl();
  std::shared_ptr<localbus::ForwardedObject> control();

  void begin(const Catalogue::EntryPtr& entry, const qi::Message& first);
  boost::asio::awaitable<void> open(Catalogue::EntryPtr entry);
  void end(std::uint32_t id);
  void refuse(const qi::Header& header, const qi::Bytes& error) const;
  const std::shared_ptr<directory::Session>& bus();

  // session_provides.cpp
  run::Result<std::uint32_t> add(const directory::ServiceInfo& info);
  run::Result<std::uint32_t> place(const directory::ServiceInfo& info);
  boost::asio::awaitable<run::Result<>> ready(std::uint32_t id);
  boost::asio::awaitable<run::Result<>> remove(std::uint32_t id);
  boost::asio::awaitable<run::Result<>> busIsThere();
  bool mayProvide(const std::string& name);

  std::shared_ptr<const Door> door_;
  std::shared_ptr<localbus::Connection> connection_;
  std::shared_ptr<LanRecord> record_;
  std::shared_ptr<Rights> rights_;
  std::shared_ptr<ShadowDirectory> directory_;
  std::shared_ptr<directory::Session> bus_;
  localbus::Timer busTimer_;            // whoever waits for it
  std::vector<std::string> endpoints_;  // at which the client came
  std::unordered_map<std::uint32_t, Used> used_;
  std::map<std::uint32_t, Provided> provided_;
  std::map<std::uint32_t, std::string> shown_;
  std::shared_ptr<void> watching_;
  std::function<void()> closed_;
  bool showsControl_ = false;
  std::shared_ptr<Control::Seat> seat_;  // once Control was used
  std::string reason_ = "it went";       // why it ends
  bool isClosed_ = false;
};

}  // namespace beckon::gateway
