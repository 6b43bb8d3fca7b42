#pragma once

#include "core/run/log.hpp"
#include "directory/session.hpp"
#include "gateway/control.hpp"
#include "gateway/doors/iq_record.hpp"
#include "gateway/leased.hpp"
#include "gateway/seats.hpp"
#include "gateway/visible_bus.hpp"
#include "policy/audit/trail.hpp"
#include "policy/authority.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::gateway {

// What accounts ask for over XMPP, by whatever door it came: decided by the policy, recorded, and carried out on the
// bus for as long as the control lease lasts that it takes. The doors read requests and word the answers; nothing is
// done for an account but through here. Everything on the executor of `io`.
class XmppRequests : public std::enable_shared_from_this<XmppRequests> {
 public:
  // The payload that docs/protocol/rpc.md gives as the result of the verb.
  using Outcome = run::Result<xmpp::Element>;
  using Answer = IqRecord::Answer;

  // What a request may: by which view of the bus, and for how long.
  struct Grant {
    VisibleBus::Caller caller;
    std::chrono::milliseconds longest = xmpp::rpc::longestTime;
    std::shared_ptr<Leased> leased = nullptr;  // of what takes a control lease

    // Whoever asked has been answered.
    bool isOver() const { return leased && leased->isOver(); }
  };
  using Work = std::function<boost::asio::awaitable<Outcome>(const Grant&)>;

  // A request that could be read: what is asked of the policy, and what is done if it says yes. `from`: the full JID,
  // by which control leases know the caller.
  struct Request {
    xmpp::Jid from;
    std::string_view door;  // as the record names it; a literal
    policy::Verb verb = policy::Verb::list;
    std::string service = {}, member = {};
    Work work = {};
    bool changes = false;        // something
    std::string arguments = {};  // as they came
    std::string id = {};         // by which the caller knows it
    bool isRepeat = false;
  };

  // `authority` outlives it.
  XmppRequests(boost::asio::io_context& io, policy::Authority& authority, run::Log log);
  ~XmppRequests();  // closes
  XmppRequests(const XmppRequests&) = delete;
  XmppRequests& operator=(const XmppRequests&) = delete;

  // From now on callers may take control leases.
  void offer(std::shared_ptr<Control> control);
  // Where it is recorded from now on what is done.
  void record(std::shared_ptr<policy::audit::Trail> trail) { record_ = IqRecord(std::move(trail)); }
  // The bus from now on.
  void use(std::shared_ptr<directory::Session> bus) { bus_->use(std::move(bus)); }
  // Nobody has a control lease by XMPP any more.
  void close();

  std::shared_ptr<policy::View> viewOf(const xmpp::Jid& from);
  // Whether any rule is for who asks, which comes before whether the request can be read. Where none is, that is in the
  // record, and `asStranger` is called: it answers as for an account that does not exist, or not at all.
  bool admits(const xmpp::Jid& from, std::string_view door, const std::function<void()>& asStranger);
  // Of one who was admitted: decides, and carries it out or refuses it. What is not granted is answered as what does
  // not exist. A list is for whoever was admitted: its work shows what the caller may use.
  void ask(Request request, const Answer& answer);
  // The same for a door that has something to do in between: `granted` carries it out, by perform().
  using Granted = std::function<void(Request request, Grant grant, Answer answer)>;
  void ask(Request request, const Answer& answer, const Granted& granted);
  void perform(Request request, Grant grant, Answer answer);

  // The work of a call whose arguments are texts (qi::argumentsFromTexts), and those as they stand in the record.
  Work calling(std::string service, std::string method, std::vector<std::string> texts);
  static std::string recorded(const std::vector<std::string>& texts);

  boost::asio::io_context& io() const { return io_; }
  policy::Authority& authority() const { return authority_; }
  const run::Log& log() const { return log_; }
  const IqRecord& record() const { return record_; }
  const std::shared_ptr<VisibleBus>& bus() const { return bus_; }

  static const run::Error overByNow;

 private:
  static IqRecord::Request entryOf(const Request& request);
  void answerAsAbsent(const Answer& refused, Request request, Grant grant);

  boost::asio::io_context& io_;
  policy::Authority& authority_;
  run::Log log_;
  IqRecord record_;
  std::shared_ptr<VisibleBus> bus_ = std::make_shared<VisibleBus>();
  std::optional<Seats> seats_;  // at Control
  LeasedRequests underLeases_;
  std::shared_ptr<void> losing_;     // told of leases that end
  std::shared_ptr<void> listening_;  // to changes of the policy
};

}  // namespace beckon::gateway
