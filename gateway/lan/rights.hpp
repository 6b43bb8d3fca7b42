#pragma once

#include "core/run/log.hpp"
#include "gateway/lan/record.hpp"
#include "localbus/forwarded_object.hpp"
#include "policy/view.hpp"

#include <memory>
#include <string>
#include <vector>

namespace beckon::gateway {

// What one caller may do at this moment, and all that was made for it by these rights: services, and objects that came
// from them, which are decided as members of their service.
class Rights : public std::enable_shared_from_this<Rights> {
 public:
  // `session`: by what name control leases know it.
  Rights(std::shared_ptr<policy::View> view, std::string session, std::shared_ptr<LanRecord> record, run::Log log)
      : view_(std::move(view)), session_(std::move(session)), record_(std::move(record)), log_(std::move(log)) {}

  policy::View& view() const { return *view_; }
  std::shared_ptr<const policy::View> sharedView() const { return view_; }
  const std::string& session() const { return session_; }
  LanRecord& record() const { return *record_; }
  const run::Log& log() const { return log_; }
  // From now on. What was made sees and lets pass what the new one grants, and subscriptions to other things end.
  void replace(std::shared_ptr<policy::View> view);
  // The session has this control lease no more: what it called under it and is not answered yet ends.
  void lost(const policy::Lease& lease);

  // A service of the bus for whoever is outside, or an object that it has given.
  std::shared_ptr<localbus::ForwardedObject> outward(std::shared_ptr<localbus::RemoteObject> object,
                                                     const std::string& service, bool isGiven = false);
  // An object, or a service, of somebody outside for the bus. What the bus gives to it counts as of `service`.
  std::shared_ptr<localbus::ForwardedObject> inward(std::shared_ptr<localbus::RemoteObject> object,
                                                    const std::string& service);
  // What is visible of a service that has these members; of an object that was given, its `terminate` too.
  qi::MetaObject visible(const std::string& service, const qi::MetaObject& whole, bool isGiven = false) const;
  // Whether the service is.
  bool isVisible(const std::string& service, const qi::MetaObject& whole) const;

 private:
  class Outward;
  class Inward;
  struct Made {
    std::weak_ptr<Outward> guard;
    std::weak_ptr<localbus::ForwardedObject> object;
  };

  std::shared_ptr<policy::View> view_;
  std::string session_;
  std::shared_ptr<LanRecord> record_;
  run::Log log_;
  std::vector<Made> made_;
  static constexpr std::size_t leastSwept = 64;
  std::size_t sweepAt_ = leastSwept;  // so many, and those that have gone are left out
};

}  // namespace beckon::gateway
