#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace beckon::xmpp {

// What is spoken on a stream over a connection that is open, without I/O: takes what the server sent, says what to do
// next. Whatever does not belong to the step that is due ends it. Whoever moves the bytes: stream_engine.hpp.
class StreamProtocol {
 public:
  struct Send {
    std::string xml;
  };
  struct StartTls {};  // and then begin() again
  struct Online {
    Jid self;
  };
  struct Stanza {
    Element stanza;  // in the namespace of clients
  };
  struct Refusal {  // of a stanza that was too large: an answer to its sender; empty where none is due
    std::string xml;
    run::Error why;
  };
  struct Closed {};  // by the server, with its closing tag
  struct End {
    run::Error why;
  };
  using Step = std::variant<Send, StartTls, Online, Stanza, Refusal, Closed, End>;

  static constexpr std::string_view farewell = "</stream:stream>";

  StreamProtocol() = default;
  virtual ~StreamProtocol() = default;
  StreamProtocol(const StreamProtocol&) = delete;
  StreamProtocol& operator=(const StreamProtocol&) = delete;

  // The connection is open, or secured now: what is to be sent first. Again on another connection as long as the server
  // has not opened its stream.
  virtual std::string begin(bool isSecured) = 0;
  virtual void receive(std::string_view bytes) = 0;
  // The next step; nothing when more bytes are needed, and after Closed and End.
  virtual std::optional<Step> next() = 0;

  virtual bool opened() const = 0;  // the server has opened its stream: it is one
  virtual bool online() const = 0;
  // What is due next, for "waiting for ...".
  virtual std::string_view awaited() const = 0;
  // A request that the server itself answers, once it has taken all that came before; empty: it takes all at once.
  virtual std::string question(std::string_view) const { return {}; }
};

// A stream header (RFC 6120 section 4.2) in `xmlns`; `attributes` in order, e.g. {"to", "robots.test"}.
std::string streamHeader(std::string_view xmlns,
                         std::initializer_list<std::pair<std::string_view, std::string_view>> attributes);

// What becomes of a stanza of which only the head was kept as it was above a limit: a request is answered with
// too-large, an answer comes as that error, of others nobody is told.
StreamProtocol::Step dropped(Element head, const run::Error& why);

// What becomes of a stanza of ours that was not sent after all, of which the head is left: a request is answered with
// the error, an answer leaves as that error, of others nobody is told.
StreamProtocol::Step unsent(const Element& head, const run::Error& why);

}  // namespace beckon::xmpp
