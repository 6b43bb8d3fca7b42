#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

namespace beckon::xmpp {

// The XML of one stream (RFC 6120 section 4) as it comes, without I/O: takes bytes, split anywhere, gives what they
// say, in order. Each element has its namespace in full, also where it is that of the parent.
//
// What must not be in a stream (RFC 6120 section 11.1: declarations of types and entities, processing instructions,
// comments), what is not well-formed, and text between stanzas break it.
// A stanza above a limit does not: whoever may send us one could end the stream of all. It is passed over without being
// kept. Limits: nested no deeper than 64; no more than `largestStanza` bytes of names, namespaces (those of each
// element), values and text: what it is as we keep it, however servers on its way have escaped it. Only a tag, or a
// text without one, of more than 16 times that limit breaks the stream, because it has to be held until it is whole.
class StreamParser {
 public:
  struct Opened {
    Element header;
  };
  struct Child {
    Element element;
  };
  // Was above a limit. `head` is without children and text, and without attributes or a name where these were too much.
  struct Dropped {
    Element head;
    run::Error why;
  };
  struct Closed {};  // the last one; what follows it is ignored
  using Event = std::variant<Opened, Child, Dropped, Closed>;

  explicit StreamParser(std::size_t largestStanza);
  ~StreamParser();
  StreamParser(StreamParser&&) noexcept;
  StreamParser& operator=(StreamParser&&) noexcept;

  void feed(std::string_view bytes);
  // The next event; nothing when more bytes are needed. Once the stream is broken, the error (protocol-error), for
  // ever.
  run::Result<std::optional<Event>> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace beckon::xmpp
