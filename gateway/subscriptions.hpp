#pragma once

#include "core/run/log.hpp"
#include "gateway/visible_bus.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace beckon::gateway {

// The signals that accounts watch by XMPP (docs/protocol/rpc.md, "Events"): each subscription belongs to an account and
// lives as long as it is renewed, over reconnects of both sides; the bus's session keeps it over restarts of the
// service. Whether somebody may watch is decided before it begins, and again while it lasts: whoever may not any more
// is told so, and it ends. Everything on the executor of `io`.
class Subscriptions : public std::enable_shared_from_this<Subscriptions> {
 public:
  struct Options {
    std::chrono::milliseconds lease = xmpp::rpc::lease;
    // How often leases and grants are looked at.
    std::chrono::milliseconds round{1000};
  };
  static constexpr std::size_t mostOfAnAccount = 256;

  // Sends an event's message; an error means that it was dropped.
  using Send = std::function<run::Result<>(const xmpp::Element&)>;

  // Why an account may not watch this any more; nothing if it may.
  using Check = std::function<std::optional<run::Error>(const xmpp::Jid& account, const xmpp::rpc::Subscription&)>;

  Subscriptions(boost::asio::io_context& io, std::shared_ptr<VisibleBus> bus, Send send, Check check, run::Log log,
                Options options);

  // Told of each that ends but by close(): by its owner (""), "policy", or "lease".
  using Ended = std::function<void(const xmpp::Jid&, const xmpp::rpc::Subscription&, std::string_view why)>;
  void onEnded(Ended handler) { ended_ = std::move(handler); }

  // Makes the subscription, or renews it and moves it to `from`. Errors: those of the bus, overloaded.
  boost::asio::awaitable<run::Result<xmpp::rpc::Subscribed>> subscribe(VisibleBus::Caller caller, xmpp::Jid from,
                                                                       xmpp::rpc::Subscription wanted);
  // Whether this would renew one.
  bool has(const xmpp::Jid& from, const xmpp::rpc::Subscription& wanted) const;
  // Ends those that may not go on.
  void review();
  void unsubscribe(const xmpp::Jid& from, const std::string& id);
  // Ends all.
  void close();
  std::size_t count() const { return all_.size(); }

 private:
  struct Watch {
    xmpp::rpc::Subscription what;
    xmpp::Jid to;  // the full JID that renewed it last
    std::chrono::steady_clock::time_point renewed;
    std::uint64_t seq = 0;
    std::shared_ptr<directory::Watch> onBus;
  };
  using Key = std::pair<std::string, std::string>;  // account, id

  boost::asio::awaitable<run::Result<>> attach(VisibleBus::Caller caller, std::shared_ptr<Watch> watch);
  void emit(Watch& watch, xmpp::rpc::Event::Kind kind, const qi::Value& arguments = {});
  void send(Watch& watch, const xmpp::rpc::Event& event);
  void lookAround();
  void ended(const Watch& watch, std::string_view why) const {
    if (ended_) ended_(watch.to, watch.what, why);
  }
  std::size_t countOf(const std::string& account) const;

  std::shared_ptr<VisibleBus> bus_;
  Send send_;
  Check check_;
  Ended ended_;
  run::Log log_;
  Options options_;
  boost::asio::steady_timer timer_;
  std::map<Key, std::shared_ptr<Watch>> all_;
};

}  // namespace beckon::gateway
