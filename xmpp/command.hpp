#pragma once

#include "core/run/error.hpp"
#include "xmpp/data_form.hpp"
#include "xmpp/element.hpp"
#include "xmpp/stanza_error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Ad-hoc commands (XEP-0050), as whoever offers them reads and writes them.
namespace beckon::xmpp::command {

inline constexpr std::string_view ns = "http://jabber.org/protocol/commands";
inline constexpr std::string_view itemsNs = "http://jabber.org/protocol/disco#items";

enum class Action { execute, cancel, prev, next, complete };
std::string_view text(Action action);

// A step, as it is asked for.
struct Step {
  std::string node;
  std::string sessionId;  // empty: a new one
  Action action = Action::execute;
  std::optional<DataForm> form = {};  // of type submit, where it is any
};
// What is wrong with it, as section 4.4 answers it: bad-request with bad-action, malformed-action or bad-payload, named
// in the namespace of commands.
StanzaError problem(std::string_view name, std::string text);
// The error is a StanzaError, since each has a place in the protocol.
struct Reading {
  Step step = {};
  std::optional<StanzaError> error = {};
};
Reading readStep(const Element& command);
Element stepRequest(const Step& step);

// A stage, as it is answered.
struct Stage {
  enum class Status { executing, completed, canceled };
  struct Note {
    std::string type;  // info, warn, error
    std::string text;
  };

  std::string node, sessionId;
  Status status = Status::completed;
  std::vector<Action> actions = {};  // what may follow: prev, next, complete; the last one is what execute means
  std::vector<Note> notes = {};
  std::optional<DataForm> form = {};
};
Element stageResult(const Stage& stage);

// One that is offered, in an answer to disco#items of the node `ns`.
struct Offer {
  std::string node, name;
};
Element itemsResult(std::string_view node, const std::string& jid, const std::vector<Offer>& offers);

}  // namespace beckon::xmpp::command
