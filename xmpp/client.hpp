#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"
#include "xmpp/caps.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/stanza_error.hpp"
#include "xmpp/stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace beckon::xmpp {

// Presence of somebody else, as it arrived.
struct Presence {
  Jid from;  // full, except where a server speaks for an account
  bool available = false;
  std::optional<Caps> caps;
  Element stanza;  // payload: stanza.child("robot", "urn:beckon:robot:0")
};

// A request that came in.
struct IqRequest {
  Jid from;  // the sender's full JID, stamped by the servers on the way
  Element payload;
};

// The answer to one request: give exactly one, at once or later, on the client's executor. May be copied and kept;
// when the last copy goes unanswered, internal-server-error is sent. An answer after the stream has ended (or after
// the client is gone) is dropped.
class IqReply {
 public:
  struct State;
  explicit IqReply(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void result(Element payload) const;
  void result() const;
  void error(const StanzaError& error) const;
  void error(const run::Error& error) const;
  bool open() const;  // nobody has answered yet and the stream is the one that the request came by

 private:
  std::shared_ptr<State> state_;
};

// A client on an XMPP server: stays online, answers and asks IQs, keeps the roster as configured and knows whose
// presence is there. Runs on one executor (see Stream); all calls, events and handlers there.
class Client {
 public:
  struct Config {
    Disco::Identity identity{"client", "bot", "", "Beckon"};
    std::set<std::string> features;  // beyond those that the client itself answers
    std::string node;                // of the capabilities: a URI of the software
    std::string software, version;   // XEP-0092
    std::set<Jid> contacts;          // bare JIDs: subscribed to and approved; everybody else is refused
    std::vector<Element> payload;    // rides in each presence, e.g. <robot xmlns='urn:beckon:robot:0' .../>
    // The n-th retry waits uniformly in [0, min(firstRetry * 2^n, longestRetry)].
    std::chrono::milliseconds firstRetry{1000}, longestRetry{60000};
  };

  struct Events {
    std::function<void(const Jid& self)> online;  // presence is announced
    // Also for each failed attempt. The client keeps trying by itself unless stopped.
    std::function<void(const run::Error& why, std::chrono::milliseconds retryIn)> offline;
    std::function<void(const Presence&)> presence;  // of others; when the stream ends, each one goes unavailable
    std::function<void(const Element&)> message;
  };

  using Answer = std::function<void(run::Result<Element>)>;
  using IqHandler = std::function<void(IqRequest, IqReply)>;

  Client(boost::asio::any_io_executor executor, StreamFactory streams, Config config, run::Log log);
  ~Client();  // stops
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start(Events events);
  // Goes unavailable and offline. No event comes afterwards; requests in flight fail with connection-lost before
  // it returns. Once stopped, it stays so.
  void stop();

  bool online() const;
  const Jid& self() const;  // the full JID; empty while offline
  // Who is there now, by full JID.
  const std::map<Jid, Presence>& present() const;

  // Asks `to` (empty: our own server) and gives the whole result stanza. Fails with the other side's error, with
  // timed-out at the deadline, or with connection-lost as soon as the stream ends or while it is not there. The
  // answer comes exactly once, never from inside the call.
  void get(const Jid& to, Element payload, std::chrono::milliseconds deadline, Answer answer);
  void set(const Jid& to, Element payload, std::chrono::milliseconds deadline, Answer answer);
  boost::asio::awaitable<run::Result<Element>> get(Jid to, Element payload, std::chrono::milliseconds deadline);
  boost::asio::awaitable<run::Result<Element>> set(Jid to, Element payload, std::chrono::milliseconds deadline);

  // Who answers requests of that type ("get" or "set") and payload; one handler each. Strangers come through, too:
  // the handler decides. What nobody answers gets service-unavailable. What the client answers itself (disco#info,
  // ping, version, roster) it answers to contacts, its own account and its server only: a stranger gets
  // service-unavailable, the same as from an account that does not exist.
  void handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler);

  // A message or a directed presence. See Stream::send.
  run::Result<> send(const Element& stanza);

 private:
  friend class IqReply;
  struct State;

  boost::asio::awaitable<run::Result<Element>> ask(std::string_view type, Jid to, Element payload,
                                                   std::chrono::milliseconds deadline);

  std::shared_ptr<State> state_;
};

}  // namespace beckon::xmpp
