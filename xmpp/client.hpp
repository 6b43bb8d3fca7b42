#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"
#include "xmpp/caps.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/presence.hpp"
#include "xmpp/responder.hpp"
#include "xmpp/stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace beckon::xmpp {

// A client on an XMPP server: stays online, answers and asks IQs, keeps the roster as configured and knows whose
// presence is there. Runs on one executor (see Stream); all calls, events and handlers there.
class Client {
 public:
  struct Config {
    Disco::Identity identity{"client", "bot", "", "Beckon"};
    std::set<std::string> features;  // beyond those that the client itself answers
    std::string node;                // of the capabilities: a URI of the software
    std::string software, version;   // XEP-0092
    std::set<Jid> contacts;          // bare JIDs: subscribed to and approved; nobody else gets an answer
    // The account is ours alone (a robot's): whoever is on its roster and not in `contacts` is removed at each login.
    // Without it (a person's account), only those in the roster group that we put our contacts into (Roster::group).
    bool ownsRoster = false;
    std::vector<Element> payload;  // rides in each presence, e.g. <robot xmlns='urn:beckon:robot:0' .../>
    // The n-th retry waits uniformly in [0, min(firstRetry * 2^n, longestRetry)].
    std::chrono::milliseconds firstRetry{1000}, longestRetry{60000};
    // When the reconciler gives up (see Reconciler::Settings).
    std::chrono::milliseconds longestAttempt{120000}, longestSilence{20000}, pingDeadline{15000};
  };

  struct Events {
    std::function<void(const Jid& self)> online;  // presence is announced
    // Also for each failed attempt. The client keeps trying by itself unless stopped.
    std::function<void(const run::Error& why, std::chrono::milliseconds retryIn)> offline;
    // Of others; once more when its capabilities are verified. When the stream ends, each one goes unavailable.
    std::function<void(const Presence&)> presence;
    std::function<void(const Element&)> message;
    std::function<void(const Jid& contact)> settled = {};  // settled(contact) has become true
  };

  using Answer = std::function<void(run::Result<Element>)>;
  using IqHandler = xmpp::IqHandler;

  Client(boost::asio::any_io_executor executor, StreamFactory streams, Config config, run::Log log);
  ~Client();  // stops
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start(Events events);
  // Goes unavailable and offline. No event comes afterwards; requests in flight fail with connection-lost before
  // it returns. Once stopped, it stays so.
  void stop();

  // Other contacts from now on: who is not one any more does not see us from then on, nor gets an answer.
  void setContacts(std::set<Jid> contacts);
  // In place of Config::payload from now on.
  void setPayload(const std::vector<Element>& payload);

  // To be told: see Reconciler, and run::NetworkChanges.
  void networkChanged();

  bool online() const;
  const Jid& self() const;  // the full JID; empty while offline
  // Who is there now, by full JID.
  const std::map<Jid, Presence>& present() const;

  // Whether what the server knows of this contact's presence has arrived since the stream began: then who is not
  // present() is not there, as far as the server knows. Who is in `contacts` comes to be settled as soon as we are
  // subscribed to him and his server answers in any way, or when he refuses us; others do not. All false again when the
  // stream ends.
  bool settled(const Jid& contact) const;

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
  // Who answers disco#info of nodes of ours (XEP-0030) beyond that of the capabilities; strangers come through here,
  // too.
  void describeNodes(IqHandler handler);

  // A message or a directed presence. See Stream::send.
  run::Result<> send(const Element& stanza);

 private:
  struct State;

  boost::asio::awaitable<run::Result<Element>> ask(std::string_view type, Jid to, Element payload,
                                                   std::chrono::milliseconds deadline);

  std::shared_ptr<State> state_;
};

}  // namespace beckon::xmpp
