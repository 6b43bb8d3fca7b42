#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"
#include "xmpp/stream_parser.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace beckon::xmpp {

// A component's stream over an open TCP connection (XEP-0114), without I/O: takes what the server sent, says what to do
// next. Whatever does not belong to the step that is due ends it.
class ComponentProtocol {
 public:
  enum class Stage { opening, authenticating, online };

  struct Send {
    std::string xml;
  };
  struct Online {};
  struct Stanza {
    Element stanza;  // in the namespace of clients
  };
  struct Refusal {  // of a stanza that was too large: an answer to its sender; empty where none is due
    std::string xml;
    run::Error why;
  };
  struct End {
    run::Error why;
  };
  using Step = std::variant<Send, Online, Stanza, Refusal, End>;

  static constexpr std::string_view xmlns = "jabber:component:accept";

  ComponentProtocol(Jid domain, std::string secret, std::size_t largestStanza);
  ~ComponentProtocol();
  ComponentProtocol(const ComponentProtocol&) = delete;
  ComponentProtocol& operator=(const ComponentProtocol&) = delete;

  // What comes first and last on our side.
  std::string header() const;
  static constexpr std::string_view farewell = "</stream:stream>";

  void receive(std::string_view bytes) { parser_.feed(bytes); }
  // The next step; nothing when more bytes are needed, and after End.
  std::optional<Step> next();

  Stage stage() const { return stage_; }
  static std::string_view text(Stage stage);  // "waiting for ..." continues with it
  // What it means that the connection has ended.
  run::Error cut() const;

 private:
  std::optional<Step> begin(const Element& header);
  Step received(Element element);
  Step dropped(Element head, const run::Error& why) const;
  Step end(run::Error why);
  run::Error meaning(const Element& error) const;

  Jid domain_;
  std::string secret_;
  StreamParser parser_;
  Stage stage_ = Stage::opening;
  bool ended_ = false;
};

}  // namespace beckon::xmpp
