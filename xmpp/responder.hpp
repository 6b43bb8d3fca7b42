#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/stanza_error.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace beckon::xmpp {

// A request that came in.
struct IqRequest {
  Jid from;  // the sender's full JID, stamped by the servers on the way
  Element payload;
  Jid to = {};  // of a component: the address of ours that was asked
};

// The answer to one request: give exactly one, at once or later, on the client's executor. May be copied and kept;
// when the last copy goes unanswered, internal-server-error is sent. An answer after the stream has ended (or after
// the client is gone) is dropped.
class IqReply {
 public:
  // The stream that the request came by: answers leave as long as it lives.
  using Line = std::function<run::Result<>(const Element& stanza)>;

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

using IqHandler = std::function<void(IqRequest, IqReply)>;

// Gives each IQ of type get or set that comes in to whom it is for, and sees to it that it is answered.
class Responder {
 public:
  void handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler);
  // `from`: the sender, or our own account where the server left it out. `familiar`: may be told that a request makes
  // no sense; a stranger gets service-unavailable, whatever is wrong. `to`: the address that was asked, and that the
  // answer is from; empty where the server stamps it.
  void received(const Element& iq, const Jid& from, bool familiar, const std::weak_ptr<IqReply::Line>& line,
                const Jid& to = {});

 private:
  std::map<std::tuple<std::string, std::string, std::string>, IqHandler> handlers_;
};

// An <iq/> without its payload; `to` may be empty.
Element iqStanza(std::string_view type, std::string_view id, std::string_view to);

}  // namespace beckon::xmpp
