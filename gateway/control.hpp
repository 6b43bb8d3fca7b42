#pragma once

#include "core/run/log.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/object_host.hpp"
#include "localbus/remote_object.hpp"
#include "policy/authority.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::gateway {

// Who brings the robot to rest when a control lease ends: a process of its own (docs/design/027). What it says comes
// back to Control::watched and Control::stopped.
class Watchdog {
 public:
  virtual ~Watchdog() = default;
  // Which leases there are from now on; those that it has to stop are told before.
  virtual void define(const std::vector<policy::Lease>& leases) = 0;
  // A heartbeat has come: if none of these follows for as long as it takes to lapse, the robot is to be stopped.
  virtual void held(const policy::Lease& lease) = 0;
  // Stop it now.
  virtual void stop(const policy::Lease& lease) = 0;
};

// Control leases at the gateway: the service "Control" for each session that may take one, the time that ends them, and
// what follows from an end (docs/protocol/control.md). Everything on one executor.
class Control : public std::enable_shared_from_this<Control> {
 public:
  // One session's place: what it holds ends with it.
  class Seat;

  // `authority` outlives it.
  Control(boost::asio::io_context& io, policy::Authority& authority, run::Log log);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  void start();
  // Ends every lease that is held.
  void stop();

  // From now on; it outlives this, or use(nullptr) comes before. Without one, nobody gets a lease.
  void use(Watchdog* watchdog);
  // The watchdog can stop the robot (or, with an error, cannot).
  void watched(std::optional<run::Error> whyNot);
  // It has done so, as it was told last.
  void stopped(const std::string& lease);
  // It does so by itself.
  void intervened(const std::string& lease);

  // `session`: a name that no other session has.
  std::shared_ptr<Seat> enter(policy::Caller caller, std::string session);

  // Told whenever somebody has lost a lease, however: what is done under it, by whomever `who` covers, is to end. Until
  // the result is destroyed.
  using Lost = std::function<void(const policy::Lease& lease, const policy::Leases::Owner& who)>;
  [[nodiscard]] std::shared_ptr<void> onLost(Lost handler);

  // Whether somebody has a lease, or the robot is just being brought to rest; nothing where the policy has none.
  std::optional<bool> isTaken() const;
  // Told whenever that may be different, from within what made it so: it may not call back. Until the result is
  // destroyed.
  using Turned = std::function<void()>;
  [[nodiscard]] std::shared_ptr<void> onTurn(Turned handler);

 private:
  void listen();
  void turned() const;
  void changed(const policy::Lease& lease, const std::string& holder);
  void ended(const policy::Lease& lease, const policy::Leases::Owner& who, policy::Leases::End why);
  void wait();
  policy::View& viewOf(const Seat& seat);

  boost::asio::io_context& io_;
  policy::Authority& authority_;
  run::Log log_;
  localbus::Timer timer_;
  Watchdog* watchdog_ = nullptr;
  std::map<std::string, std::weak_ptr<Seat>> seats_;  // by session
  std::shared_ptr<std::list<Lost>> lost_ = std::make_shared<std::list<Lost>>();
  std::shared_ptr<std::list<Turned>> turned_ = std::make_shared<std::list<Turned>>();
  std::shared_ptr<void> listening_;  // to changes of the policy
};

class Control::Seat : public std::enable_shared_from_this<Seat> {
 public:
  Seat(std::shared_ptr<Control> control, policy::Leases::Owner owner);
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  // The service "Control" as this session has it. Whoever calls it has been let to: a View decides.
  const std::shared_ptr<localbus::RemoteObject>& object() const { return object_; }
  const std::string& session() const { return owner_.session; }
  // Nobody but the list of seats would miss it.
  bool isIdle() const;

 private:
  friend class Control;
  // name, what it covers, "free", "held" or "ending", the holder's principal; milliseconds: left to him, from one keep
  // to the next
  using Line = std::tuple<std::string, std::vector<std::string>, std::string, std::string, std::int64_t, std::int64_t>;
  std::vector<Line> leases() const;
  run::Result<> may(const std::string& lease) const;
  template <class... Args>
  void method(localbus::ObjectBuilder& builder, const char* name,
              run::Result<> (policy::Leases::*act)(const policy::Leases::Owner&, std::string_view, Args...),
              const char* description);
  run::Result<> told(run::Result<> result) const;

  std::shared_ptr<Control> control_;
  const policy::Leases::Owner owner_;
  localbus::ObjectHost host_, nobody_;
  std::optional<localbus::SignalHandle<std::string, std::string>> asked_, changed_;
  std::shared_ptr<localbus::Connection> near_, far_;
  std::shared_ptr<localbus::RemoteObject> object_;
};

}  // namespace beckon::gateway
