#include "gateway/doors/chat_door.hpp"

#include "core/qi/argument_texts.hpp"
#include "core/qi/utf8.hpp"
#include "gateway/doors/chat_line.hpp"
#include "gateway/doors/chat_patience.hpp"
#include "gateway/doors/chat_words.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace beckon::gateway {

using boost::asio::awaitable;
using policy::Verb;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::Element;

namespace {

constexpr std::string_view chatDoor = "chat";  // as the record names it

// What marks a message that nobody has written to the robot just now: a copy (XEP-0280), one that was kept (XEP-0203
// and its older form), passed on (XEP-0297) or looked up (XEP-0313), or another robot's answer.
constexpr std::array<std::string_view, 6> marks{"urn:xmpp:carbons:2", "urn:xmpp:delay", "jabber:x:delay",
                                                "urn:xmpp:forward:0", "urn:xmpp:mam:2", ChatDoor::ns};

bool isWrittenNow(const Element& message) {
  return message.attribute("type") == "chat" && std::ranges::none_of(message.children, [](const Element& child) {
           return std::ranges::find(marks, child.xmlns) != marks.end();
         });
}

std::string inWords(const Error& error) { return error.cause + (error.nextStep.empty() ? "" : "; " + error.nextStep); }

}  // namespace

struct ChatDoor::State : std::enable_shared_from_this<ChatDoor::State> {
  explicit State(std::shared_ptr<XmppRequests> to) : requests(std::move(to)) {}

  std::shared_ptr<XmppRequests> requests;
  xmpp::Client* client = nullptr;
  ChatPatience patience;

  // A line, and where its answer goes.
  struct Line {
    xmpp::Jid from;
    std::string thread;
    std::vector<std::string> words;

    std::string account() const { return from.bare().text(); }
  };

  void received(const Element& message) {
    const auto body = message.childText("body", xmpp::ns::client);
    const auto from = xmpp::Jid::parse(message.attribute("from"));
    if (!client || !isWrittenNow(message) || body.empty() || !from || from->bare() == client->self().bare()) return;
    if (!requests->admits(*from, chatDoor, [] {})) return;
    Line line{*from, std::string(message.childText("thread", xmpp::ns::client)), {}};
    if (!patience.listens(line.account(), steady_clock::now())) return;
    if (body.size() > longestLine)
      return misunderstood(line, "This line is too long; write " + std::to_string(longestLine) + " bytes at most.");
    auto words = wordsOf(body);
    if (!words) return misunderstood(line, inWords(words.error()));
    if (words->empty()) return;
    line.words = std::move(*words);
    lookAround(std::move(line));
  }

  // What he may call comes first: the line is read by it.
  void lookAround(Line line) {
    const auto found = std::make_shared<Result<std::vector<Callable>>>(Error{});
    XmppRequests::Request request{.from = line.from, .door = chatDoor};
    request.work = [bus = requests->bus(), found](const XmppRequests::Grant& grant) {
      return find(bus, grant.caller, found);
    };
    requests->ask(std::move(request),
                  [self = shared_from_this(), line = std::move(line), found](const XmppRequests::Outcome&) {
                    if (!*found) return self->answer(line, inWords(found->error()));
                    self->carryOut(line, **found);
                  });
  }
  static awaitable<XmppRequests::Outcome> find(std::shared_ptr<VisibleBus> bus, VisibleBus::Caller caller,
                                               std::shared_ptr<Result<std::vector<Callable>>> found) {
    *found = co_await callables(std::move(bus), std::move(caller));
    co_return Element();
  }

  void carryOut(const Line& line, const std::vector<Callable>& all) {
    const auto& first = line.words.front();
    if (isHelp(first)) {
      patience.understood(line.account());
      return answer(line,
                    help(all, line.words.size() > 1 ? std::optional<std::string_view>(line.words[1]) : std::nullopt));
    }
    const auto meaning = meaningOf(all, first);
    if (!meaning) return misunderstood(line, inWords(meaning.error()));
    std::vector<std::string> texts(line.words.begin() + 1, line.words.end());
    XmppRequests::Request request{.from = line.from,
                                  .door = chatDoor,
                                  .verb = Verb::call,
                                  .service = meaning->service,
                                  .member = meaning->method,
                                  .changes = true,
                                  .arguments = XmppRequests::recorded(texts)};
    request.work = requests->calling(meaning->service, meaning->method, std::move(texts));
    requests->ask(std::move(request), [self = shared_from_this(), line, usages = usages(all, *meaning)](
                                          const XmppRequests::Outcome& outcome) { self->tell(line, usages, outcome); });
  }

  void tell(const Line& line, const std::vector<std::string>& usages, const XmppRequests::Outcome& outcome) {
    if (!outcome) {
      const auto& error = outcome.error();
      if (error.code == Code::unknownService || error.code == Code::unknownMember)
        return misunderstood(line, error.cause + "; write help to see what there is");
      if (error.code != Code::badArguments && error.code != Code::malformedJson)
        return understood(line, inWords(error));
      std::string text = error.cause + "; write";
      for (const auto& usage : usages) text += (&usage == &usages.front() ? ": " : "\nor: ") + usage;
      if (error.cause.starts_with("too many"))
        text += "\nwith quotation marks around a text with blanks: \"hello you\"";
      return misunderstood(line, text);
    }
    const auto value = xmpp::rpc::readValue(*outcome);
    if (!value) return understood(line, inWords(value.error()));
    const bool isNothing = value->signature().kind() == qi::Kind::void_;
    understood(line, isNothing ? "done" : qi::toText(*value));
  }

  void understood(const Line& line, const std::string& text) {
    patience.understood(line.account());
    answer(line, text);
  }
  void misunderstood(const Line& line, std::string text) {
    if (patience.misunderstood(line.account()))
      text += "\nI do not understand you; I listen again when you have written nothing for a minute.";
    answer(line, text);
  }

  void answer(const Line& line, const std::string& text) {
    if (!client) return;
    Element message("message", std::string(xmpp::ns::client));
    message.set("type", "chat").set("to", line.from.text());
    if (!line.thread.empty()) message.add(Element("thread", {}, line.thread));
    message.add(Element("body", {}, qi::printable(text, longestAnswer)));
    message.add(Element("answer", std::string(ns)));
    if (const auto sent = client->send(message); !sent)
      requests->log()->warn("an answer to {} was not sent: {}", line.from.text(), sent.error().cause);
  }
};

ChatDoor::ChatDoor(std::shared_ptr<XmppRequests> requests) : state_(std::make_shared<State>(std::move(requests))) {}

void ChatDoor::open(xmpp::Client& client) { state_->client = &client; }

void ChatDoor::close() { state_->client = nullptr; }

void ChatDoor::received(const Element& message) { state_->received(message); }

}  // namespace beckon::gateway
