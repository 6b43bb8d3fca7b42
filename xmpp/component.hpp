#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"
#include "xmpp/caps.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/responder.hpp"
#include "xmpp/stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::xmpp {

// A component of an XMPP server, to which every address of its domain belongs: stays online, answers and asks IQs,
// passes on presence and messages. It has no roster and announces nothing by itself; whom it may answer is up to its
// owner. Runs on one executor (see Stream); all calls, events and handlers there.
class Component {
 public:
  struct Config {
    Jid domain;             // the component's own, e.g. relay.example.org
    Jid server;             // a domain of the server's own, asked for a sign of life
    StreamFactory streams;  // e.g. of makeComponentStream()
    Disco::Identity identity{"component", "generic", "", "Beckon"};
    std::vector<Disco::Identity> others = {};  // what it is besides
    std::set<std::string> features;            // beyond those that the component itself answers
    // The n-th retry waits uniformly in [0, min(firstRetry * 2^n, longestRetry)].
    std::chrono::milliseconds firstRetry{1000}, longestRetry{60000};
    // When a stream is given up (see Reconnector::Settings).
    std::chrono::milliseconds longestAttempt{120000}, longestSilence{20000}, pingDeadline{15000};
  };

  struct Events {
    std::function<void()> online;
    // Also for each failed attempt. The component keeps trying by itself unless stopped.
    std::function<void(const run::Error& why, std::chrono::milliseconds retryIn)> offline;
    // As they come, of every type and from anybody, to any address of the domain. Presence that was there is not told
    // to be gone when the stream ends.
    std::function<void(const Element&)> presence;
    std::function<void(const Element&)> message;
  };

  using Answer = std::function<void(run::Result<Element>)>;
  using IqHandler = xmpp::IqHandler;

  Component(boost::asio::any_io_executor executor, Config config, run::Log log);
  ~Component();  // stops
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

  void start(Events events);
  // Goes offline politely (see makeComponentStream). No event comes afterwards; requests in flight fail with
  // connection-lost before it returns. Once stopped, it stays so.
  void stop();

  bool online() const;
  const Jid& domain() const;
  const Jid& server() const;

  // Asks `to` and gives the whole result stanza. `from`: one of our addresses; empty: the domain. Fails with the other
  // side's error, with timed-out at the deadline, with connection-lost as soon as the stream ends or while it is not
  // there, or as send() does. The answer comes exactly once, never from inside the call.
  void get(const Jid& to, Element payload, std::chrono::milliseconds deadline, Answer answer, const Jid& from = {});
  void set(const Jid& to, Element payload, std::chrono::milliseconds deadline, Answer answer, const Jid& from = {});
  boost::asio::awaitable<run::Result<Element>> get(Jid to, Element payload, std::chrono::milliseconds deadline,
                                                   Jid from = {});
  boost::asio::awaitable<run::Result<Element>> set(Jid to, Element payload, std::chrono::milliseconds deadline,
                                                   Jid from = {});

  // Who answers requests of that type ("get" or "set") and payload, at whichever address of the domain (IqRequest::to);
  // one handler each. Anybody's come through: the handler decides. The answer leaves from the address that was asked.
  // What nobody answers gets service-unavailable. The component itself answers disco#info and ping, to anybody who asks
  // the domain, unless a handler takes its place.
  void handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler);

  // Any stanza; without a `from` it leaves from the domain. Refused as Stream::send() does, and with invalid-argument
  // where `from` is not of our domain or there is no `to`: for that servers end the stream.
  run::Result<> send(Element stanza);

 private:
  struct State;

  boost::asio::awaitable<run::Result<Element>> ask(std::string_view type, Jid to, Element payload,
                                                   std::chrono::milliseconds deadline, Jid from);

  std::shared_ptr<State> state_;
};

}  // namespace beckon::xmpp
