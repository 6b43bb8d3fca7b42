#pragma once

#include "core/run/log.hpp"
#include "tests/strophe/strophe_handover.hpp"
#include "tests/strophe/strophe_stream.hpp"
#include "xmpp/negotiation.hpp"
#include "xmpp/resolve.hpp"

#include <strophe.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace beckon::xmpp {

// The part of StropheStream that runs on the thread of its own: one attempt with libstrophe, from names to the end.
class StropheSession {
 public:
  // Called on the thread. `ended` is the last.
  struct Callbacks {
    std::function<void(std::string awaited, std::string nextStep)> stage;  // a new deadline starts
    std::function<void(Jid self)> online;
    std::function<void(Element stanza)> stanza;
    std::function<void(run::Error why)> ended;
  };

  StropheSession(ClientStreamConfig config, Callbacks callbacks, run::Log log);
  ~StropheSession();
  StropheSession(const StropheSession&) = delete;
  StropheSession& operator=(const StropheSession&) = delete;

  void run();                                        // the thread's whole life
  StropheHandover& handover() { return handover_; }  // from any thread

 private:
  void attempt(const Endpoint& endpoint);
  void converse();
  void exchange();
  bool feed();
  void takeLeave();
  void wait();
  void noteConnectError();

  void connectionEvent(xmpp_conn_event_t event);
  void stanzaEvent(xmpp_stanza_t* stanza);
  void step(Negotiation::Step step);
  void secure();
  void say(Negotiation::Stage stage);
  void end(run::Error why);

  bool adopt(int socket);
  static void logged(void* self, xmpp_log_level_t level, const char* area, const char* text);

  // The thread's own, but for the last.
  ClientStreamConfig config_;
  Callbacks callbacks_;
  run::Log log_;
  xmpp_log_t strophesLog_;
  xmpp_conn_t* connection_ = nullptr;
  xmpp_ctx_t* context_ = nullptr;
  std::optional<Negotiation> negotiation_;
  Endpoint endpoint_;
  bool connected_ = false, online_ = false, farewellSaid_ = false;
  bool usable_ = true;   // the last socket
  bool settled_ = true;  // nothing happened since the last look
  std::string certificateProblem_, complaint_;
  int connectError_ = 0;
  std::optional<run::Error> end_;
  std::optional<std::chrono::steady_clock::time_point> leaveBy_;

  StropheHandover handover_;
};

}  // namespace beckon::xmpp
