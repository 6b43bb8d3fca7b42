#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/scram.hpp"

#include <memory>
#include <optional>
#include <string>

namespace beckon::xmpp {

// A client's way from an open TCP connection to a bound resource (RFC 6120 sections 4 to 7), without I/O: takes what
// the server sent, says what to do next. TLS and SCRAM are mandatory. Whatever does not belong to the step that is
// due ends it, in particular plaintext that was slipped in behind <proceed/>.
class Negotiation {
 public:
  struct Settings {
    Jid account;           // bare
    std::string resource;  // empty: the server chooses
    std::string password;
    Scram::Hash weakest = Scram::Hash::sha256;
    std::string nonce;  // for SCRAM; fresh
  };

  enum class Stage { opening, securing, authenticating, binding, done };
  static std::string_view text(Stage stage);  // "waiting for ..." continues with it

  enum class Action {
    wait,      // for the next element
    send,      // `element`
    startTls,  // then open a new stream
    reopen,    // open a new stream, without closing this one
    finish,    // bound() is the full JID
    fail,      // `error`
  };
  struct Step {
    Action action = Action::wait;
    Element element;
    run::Error error;
  };

  explicit Negotiation(Settings settings) : settings_(std::move(settings)) {}

  // The server's stream header has come. `secured`: over TLS.
  Step opened(bool secured);
  Step receive(const Element& element);

  Stage stage() const { return stage_; }
  bool authenticated() const { return authenticated_; }
  const Jid& bound() const { return bound_; }

 private:
  // What may come next.
  enum class Awaited { header, features, proceed, sasl, bind, session };

  Step features(const Element& element);
  Step authenticate(const Element& mechanisms);
  Step sasl(const Element& element);
  Step bind(const Element& iq);

  Settings settings_;
  Stage stage_ = Stage::opening;
  Awaited awaited_ = Awaited::header;
  bool secured_ = false, authenticated_ = false, sessionRequired_ = false;
  std::unique_ptr<Scram> scram_;
  Jid bound_;
};

// What a <stream:error/> means to a client (RFC 6120 section 4.9), and its condition.
std::string_view streamCondition(const Element& error);
run::Error streamError(const Element& error);

}  // namespace beckon::xmpp
