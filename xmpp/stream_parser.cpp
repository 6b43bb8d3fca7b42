#include "xmpp/stream_parser.hpp"

#include <expat.h>

#include <algorithm>
#include <deque>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace beckon::xmpp {
namespace {

constexpr std::size_t deepest = 64;  // as on the bus
// Escaping makes six bytes of one at most (&quot;).
constexpr std::size_t longestTokenInStanzas = 16;
constexpr std::size_t largestPiece = 1 << 20;  // expat counts in ints

// Not in any text in UTF-8, as streams are (RFC 6120 section 11.6), but in UTF-16, which expat takes as well.
constexpr std::string_view notUtf8("\0\xFE\xFF", 3);

// Between namespace and name: a byte that UTF-8 does not have.
constexpr char separator = '\xFF';

std::string_view localName(std::string_view name) {
  return name.substr(name.rfind(separator) + 1);  // npos + 1 is 0
}

std::string_view namespaceOf(std::string_view name) {
  const auto end = name.rfind(separator);
  return end == std::string_view::npos ? std::string_view() : name.substr(0, end);
}

run::Error broken(std::string_view how) {
  return {run::Code::protocolError, "the server sent " + std::string(how),
          "check that the port is that of an XMPP server, and look into its log"};
}

struct Free {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

}  // namespace

// expat calls its handlers, which are C to it: an exception must not leave them, so none out of memory is caught.
struct StreamParser::State {
  explicit State(std::size_t largestStanza) : largest(largestStanza), parser(XML_ParserCreateNS("UTF-8", separator)) {
    if (!parser) throw std::bad_alloc();
    auto* const expat = parser.get();
    XML_SetUserData(expat, this);
    XML_SetElementHandler(
        expat, [](void* self, const char* name, const char** attributes) noexcept { of(self).start(name, attributes); },
        [](void* self, const char*) noexcept { of(self).end(); });
    XML_SetCharacterDataHandler(expat, [](void* self, const char* text, int size) noexcept {
      of(self).text({text, static_cast<std::size_t>(size)});
    });
    XML_SetStartDoctypeDeclHandler(expat, [](void* self, const char*, const char*, const char*, int) noexcept {
      of(self).fail("a declaration of a document type");
    });
    XML_SetProcessingInstructionHandler(
        expat, [](void* self, const char*, const char*) noexcept { of(self).fail("a processing instruction"); });
    XML_SetCommentHandler(expat, [](void* self, const char*) noexcept { of(self).fail("a comment"); });
  }

  static State& of(void* self) { return *static_cast<State*>(self); }

  // ---- Bytes that come. ----

  // expat looks at an unfinished tag from its beginning each time that bytes come: what cannot finish one is held.
  void feed(std::string_view bytes) {
    if (depth == 0) {
      const auto text = bytes.substr(0, bytes.find_first_of(notUtf8));
      parse(text);
      if (text.size() < bytes.size()) fail("something that is not UTF-8");
      return limitUnfinished();
    }
    const auto last = bytes.rfind('>') + 1;  // npos + 1 is 0
    if (last > 0 && !held.empty()) {
      held += bytes.substr(0, last);
      parse(std::exchange(held, {}));
    } else {
      parse(bytes.substr(0, last));
    }
    held += bytes.substr(last);
    limitUnfinished();
  }

  void limitUnfinished() {
    if (over()) held.clear();
    if (!over() && held.size() + unfinished() > longestTokenInStanzas * largest)
      fail("a tag or text that does not end within " + std::to_string(longestTokenInStanzas * largest) + " bytes");
  }

  void parse(std::string_view bytes) {
    while (!bytes.empty() && !over()) {
      const auto piece = bytes.substr(0, largestPiece);
      bytes.remove_prefix(piece.size());
      fed += static_cast<XML_Index>(piece.size());
      if (XML_Parse(parser.get(), piece.data(), static_cast<int>(piece.size()), 0) != XML_STATUS_OK && !over())
        fail(std::string("something that is not XML (") + XML_ErrorString(XML_GetErrorCode(parser.get())) + ")");
    }
  }

  bool over() const { return closed || why; }
  std::size_t unfinished() const { return static_cast<std::size_t>(std::max<XML_Index>(fed - understood, 0)); }

  void fail(std::string_view how) {
    if (over()) return;
    why = broken(how);
    XML_StopParser(parser.get(), XML_FALSE);
  }

  // ---- What expat makes of them. A handler may be called after StopParser, too. ----

  void start(std::string_view name, const char** attributes) {
    if (over()) return;
    note();
    ++depth;
    if (depth == 1) return open(name, attributes);
    if (depth == 2) {
      dropped.reset();
      kept = 0;
    }
    if (dropped) return;
    if (depth > deepest + 1) return drop("nested deeper than " + std::to_string(deepest) + " levels");
    if (!keep(name.size())) return;
    elements.emplace_back(std::string(localName(name)), std::string(namespaceOf(name)));
    for (; *attributes && !dropped; attributes += 2)
      if (keep(localName(attributes[0]).size() + std::string_view(attributes[1]).size()))
        set(elements.back(), attributes[0], attributes[1]);
    if (dropped && depth == 2) elements.front().attributes.clear();
  }

  void open(std::string_view name, const char** attributes) {
    Element header{std::string(localName(name)), std::string(namespaceOf(name))};
    for (; *attributes; attributes += 2) set(header, attributes[0], attributes[1]);
    events.emplace_back(Opened{std::move(header)});
  }

  void end() {
    if (over()) return;
    note();
    --depth;
    if (depth == 0) {
      events.emplace_back(Closed{});
      closed = true;
      return;
    }
    if (dropped) {
      if (depth == 1) {
        events.emplace_back(Dropped{std::move(elements.front()), *dropped});
        elements.clear();
      }
      return;
    }
    auto done = std::move(elements.back());
    elements.pop_back();
    if (depth == 1)
      events.emplace_back(Child{std::move(done)});
    else
      elements.back().children.push_back(std::move(done));
  }

  void text(std::string_view piece) {
    if (over()) return;
    note();
    if (depth == 1) {
      if (piece.find_first_not_of(" \t\r\n") != std::string_view::npos) fail("text between stanzas");
    } else if (!dropped && keep(piece.size())) {
      elements.back().text += piece;
    }
  }

  void note() { understood = XML_GetCurrentByteIndex(parser.get()) + XML_GetCurrentByteCount(parser.get()); }

  // ---- A stanza as it is put together. ----

  static void set(Element& element, std::string_view name, std::string_view value) {
    if (localName(name) != "xmlns") element.set(localName(name), value);  // with a prefix it says nothing
  }

  bool keep(std::size_t bytes) {
    kept += bytes;
    if (kept <= largest) return true;
    drop("of more than " + std::to_string(largest) + " bytes");
    return false;
  }

  void drop(const std::string& how) {
    dropped = run::Error{run::Code::tooLarge, "a stanza " + how + " came and was dropped", "send less at once"};
    elements.resize(1);
    elements.front().children.clear();
    elements.front().text.clear();
  }

  std::size_t largest;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser;
  std::string held;                   // came, and not given to expat yet
  XML_Index fed = 0, understood = 0;  // in bytes: given to expat, and made into something by it
  std::size_t depth = 0;              // of open elements, that of the stream being the first
  std::vector<Element> elements;      // those of the stanza that are open
  std::size_t kept = 0;               // of this stanza, as the limit counts
  std::optional<run::Error> dropped;  // why the stanza is passed over
  std::deque<Event> events;
  bool closed = false;
  std::optional<run::Error> why;  // broken
};

StreamParser::StreamParser(std::size_t largestStanza) : state_(std::make_unique<State>(largestStanza)) {}
StreamParser::~StreamParser() = default;
StreamParser::StreamParser(StreamParser&&) noexcept = default;
StreamParser& StreamParser::operator=(StreamParser&&) noexcept = default;

void StreamParser::feed(std::string_view bytes) {
  if (!state_->over()) state_->feed(bytes);
}

run::Result<std::optional<StreamParser::Event>> StreamParser::next() {
  auto& events = state_->events;
  if (events.empty()) {
    if (state_->why) return *state_->why;
    return std::optional<Event>();
  }
  std::optional<Event> out(std::move(events.front()));
  events.pop_front();
  return out;
}

}  // namespace beckon::xmpp
