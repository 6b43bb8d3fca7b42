#include "xmpp/stream_engine.hpp"

#include "core/run/uuid.hpp"
#include "xmpp/lookup.hpp"
#include "xmpp/outflow.hpp"
#include "xmpp/transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace beckon::xmpp {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using run::Code;
using run::Error;
using run::Result;

constexpr auto farewellDeadline = std::chrono::milliseconds(300);  // for the queue and the closing tag
constexpr std::size_t readAtOnce = 16384;                          // a TLS record (RFC 8446 section 5.1)
constexpr std::string_view checkRoute = "check the address, that the server runs, and firewalls";

// One attempt. It lives as long as something of it is under way, so that a polite end outlasts the stream's owner.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const asio::any_io_executor& executor, std::unique_ptr<StreamProtocol> protocol, EngineOptions options,
          run::Log log)
      : options_(std::move(options)),
        log_(std::move(log)),
        protocol_(std::move(protocol)),
        lookup_(executor),
        transport_(executor),
        deadline_(executor),
        answerDue_(executor) {
    if (!protocol_->question({}).empty()) outflow_.emplace();
  }

  void start(Stream::Events events) {
    events_ = std::make_shared<const Stream::Events>(std::move(events));
    asio::co_spawn(transport_.executor(), converse(), [self = shared_from_this()](const std::exception_ptr& problem) {
      if (problem) std::rethrow_exception(problem);  // out of an event: its owner's
    });
  }

  Result<> send(const Element& stanza) {
    if (!events_ || !protocol_->online())
      return Error{Code::connectionLost, "there is no connection to the server", "try again later"};
    auto xml = stanza.toXml(ns::client);
    if (xml.size() > options_.largestStanza)
      return Error{Code::tooLarge,
                   "a message of " + std::to_string(xml.size()) + " bytes is above the server's limit of " +
                       std::to_string(options_.largestStanza),
                   "send less at once"};
    if (!hasRoom(xml.size()))
      return Error{Code::overloaded, "the connection to the server is too slow for what is being sent",
                   "send less, or try again later"};
    if (outflow_) {
      const auto pushed = outflow_->push(stanza, std::move(xml), std::chrono::steady_clock::now());
      if (!pushed) return pushed;
      writeSoon();
    } else {
      queue(std::move(xml));
    }
    return {};
  }

  // No event from here on.
  void stop() {
    if (!events_) return;
    if (!protocol_->online()) return giveUp();
    events_.reset();
    if (outflow_) queued_ += outflow_->flush();
    queued_ += StreamProtocol::farewell;
    if (writing_.empty()) write();
    deadline_.expires_after(farewellDeadline);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->giveUp();
    });
  }

  void giveUp() {
    events_.reset();
    transport_.close();
    lookup_.giveUp({Code::connectionLost, "given up", ""});
    deadline_.cancel();
    answerDue_.cancel();
  }

 private:
  asio::awaitable<void> converse() {
    const auto self = shared_from_this();
    co_await asio::post(transport_.executor(), asio::use_awaitable);  // start() has returned
    if (!events_) co_return;
    const auto routes = co_await ways();
    for (std::size_t i = 0; events_ && !protocol_->opened() && i < routes.size(); ++i) {
      late_.reset();
      auto connecting = connect(routes[i]);
      auto outcome = co_await std::move(connecting);
      if (outcome && events_) {
        route_ = routes[i];
        begin();
        auto reading = read();
        outcome = co_await std::move(reading);
      }
      transport_.close();
      while (!writing_.empty()) co_await asio::post(transport_.executor(), asio::use_awaitable);
      queued_.clear();
      if (!outcome) why_ = late_ ? *late_ : outcome.error();
    }
    end(why_);
    giveUp();  // the polite end, if that was it
  }

  // What the name servers say, then what is remembered.
  asio::awaitable<std::vector<Route>> ways() {
    auto looking = lookUp();
    auto found = co_await std::move(looking);
    if (!found) why_ = late_ ? *late_ : found.error();
    std::vector<Route> out = found ? std::move(*found) : std::vector<Route>();
    if (options_.memory)
      for (const auto& route : *options_.memory)
        if (std::ranges::find(out, route) == out.end()) out.push_back(route);
    co_return out;
  }

  asio::awaitable<Lookup::Found> lookUp() {
    await("the address of the server", "check this machine's network and name server");
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Lookup::Found)>(
        [this](auto handler) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          lookup_.start(options_.resolver, options_.where,
                        [shared](Lookup::Found found) { (*shared)(std::move(found)); });
        },
        asio::use_awaitable);
  }

  // Up to where the protocol begins.
  asio::awaitable<Result<>> connect(Route route) {
    const auto target = route.host.empty() ? route.dial : Endpoint{route.host, route.port};
    await("a connection to " + target.address + " port " + std::to_string(target.port), std::string(checkRoute));
    auto connecting = transport_.connect(route, options_.proxy);
    auto outcome = co_await std::move(connecting);
    if (!outcome || !events_ || !route.directTls || !options_.trust) co_return outcome;
    await("the TLS handshake", std::string(options_.checkPort));
    auto securing = secure(true);
    co_return co_await std::move(securing);
  }

  asio::awaitable<Result<>> secure(bool direct) {
    auto trusted = options_.trust();
    if (!trusted) co_return trusted.error();
    auto securing = transport_.secure(*trusted, options_.where.domain, direct);
    co_return co_await std::move(securing);
  }

  void begin() {
    queue(protocol_->begin(transport_.isSecured()));
    awaitStage();
  }

  // Until the connection ends; the error says why that matters.
  asio::awaitable<Result<>> read() {
    while (true) {
      const auto size = co_await transport_.read(asio::buffer(input_));
      if (size == 0) co_return cut();
      if (!events_) continue;
      protocol_->receive({input_.data(), size});
      while (events_) {
        auto step = protocol_->next();
        if (!step) break;
        if (!std::holds_alternative<StreamProtocol::StartTls>(*step)) {
          std::visit([this](auto& kind) { carryOut(kind); }, *step);
          continue;
        }
        awaitStage();
        // What we said unencrypted leaves so.
        while (writeIsDue_ || !writing_.empty()) co_await asio::post(transport_.executor(), asio::use_awaitable);
        auto securing = secure(false);
        const auto secured = co_await std::move(securing);
        if (!secured) co_return secured;
        if (events_) begin();
      }
    }
  }

  void carryOut(StreamProtocol::Send& step) {
    queue(step.xml);
    awaitStage();
  }

  void carryOut(StreamProtocol::StartTls&) {}  // in read()

  void carryOut(StreamProtocol::Online& step) {
    deadline_.expires_at(std::chrono::steady_clock::time_point::max());
    if (options_.memory) *options_.memory = {route_};
    const auto events = events_;
    if (events->online) events->online(step.self);
  }

  void carryOut(StreamProtocol::Stanza& step) {
    if (!asked_.empty() && step.stanza.name == "iq" && step.stanza.attribute("id") == asked_) return taken();
    const auto events = events_;
    if (events->stanza) events->stanza(std::move(step.stanza));
  }

  void carryOut(StreamProtocol::Refusal& step) {
    log_->warn("{}", step.why.cause);
    queue(step.xml);
  }

  void carryOut(StreamProtocol::Closed&) { end(cut()); }

  void carryOut(StreamProtocol::End& step) { end(step.why); }

  // What it means that the connection has ended.
  Error cut() const {
    if (protocol_->online())
      return {Code::connectionLost, "the connection to the server ended", "wait until it is back"};
    return {Code::unreachable,
            "the server at " + transport_.place() + " closed the connection where " +
                std::string(protocol_->awaited()) + " was due",
            std::string(options_.checkPort)};
  }

  // ---- What goes out: all that a turn of the loop has queued at once. ----

  bool hasRoom(std::size_t bytes) const {
    return queued_.size() + writing_.size() + (outflow_ ? outflow_->size() : 0) + bytes <= options_.largestQueue;
  }

  // What belongs to the protocol, which asks little.
  void queue(const std::string& xml) {
    queued_ += xml;
    writeSoon();
  }

  void writeSoon() {
    if (writing_.empty() && !std::exchange(writeIsDue_, true))
      asio::post(transport_.executor(), [self = shared_from_this()] {
        self->writeIsDue_ = false;
        if (self->writing_.empty()) self->write();
      });
  }

  // What may leave now of what was sent.
  void release() {
    auto batch = outflow_->next(std::chrono::steady_clock::now());
    queued_ += batch.bytes;
    if (batch.asks) ask();
    for (const auto& refused : batch.refused) {
      if (!events_) return;  // an event has ended it
      auto step = unsent(refused.head, refused.why);
      if (auto* stanza = std::get_if<StreamProtocol::Stanza>(&step)) carryOut(*stanza);
      if (auto* refusal = std::get_if<StreamProtocol::Refusal>(&step)) {
        log_->warn("a {} was not sent: {}", refused.head.name, refusal->why.cause);
        queued_ += refusal->xml;
      }
    }
  }

  void ask() {
    asked_ = run::makeUuid();
    queued_ += protocol_->question(asked_);
    answerDue_.expires_after(Outflow::patience);
    answerDue_.async_wait([self = shared_from_this(), asked = asked_](error_code error) {
      if (!error && self->asked_ == asked) self->taken();
    });
  }

  void taken() {
    asked_.clear();
    answerDue_.cancel();
    outflow_->taken(std::chrono::steady_clock::now());
    writeSoon();
  }

  void write() {
    if (outflow_ && events_ && protocol_->online()) release();
    if (queued_.empty() || !writing_.empty() || !transport_.isOpen()) return;
    writing_.swap(queued_);
    transport_.write(asio::buffer(writing_), [self = shared_from_this()](error_code error) {
      self->writing_.clear();
      if (error)
        self->transport_.close();  // as who reads will notice
      else
        self->write();
    });
  }

  // ---- Deadlines and the end. ----

  void awaitStage() { await(std::string(protocol_->awaited()), std::string(options_.checkPort)); }

  void await(std::string awaited, std::string nextStep) {
    deadline_.expires_after(options_.stageDeadline);
    deadline_.async_wait(
        [self = shared_from_this(), awaited = std::move(awaited), nextStep = std::move(nextStep)](error_code error) {
          // The deadline may have moved on after this had been queued.
          if (error || !self->events_ || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
          self->late({Code::timedOut,
                      "no answer from the server within " + std::to_string(self->options_.stageDeadline.count()) +
                          " ms: waiting for " + awaited,
                      nextStep});
        });
  }

  void late(Error why) {
    if (protocol_->opened()) return end(why);
    late_ = std::move(why);  // and the next route has its turn
    lookup_.giveUp(*late_);
    transport_.close();
  }

  void end(const Error& why) {
    if (!events_) return;
    const auto events = events_;
    giveUp();
    if (events->closed) events->closed(why);  // may destroy the stream
  }

  EngineOptions options_;
  run::Log log_;
  std::unique_ptr<StreamProtocol> protocol_;
  Lookup lookup_;
  Transport transport_;
  asio::steady_timer deadline_;
  std::shared_ptr<const Stream::Events> events_;  // until nothing more is to be told
  bool writeIsDue_ = false;
  Route route_;                // that is tried
  Error why_;                  // why there is no stream yet
  std::optional<Error> late_;  // the route took too long
  std::string queued_, writing_;
  std::optional<Outflow> outflow_;  // what waits to be queued; where the server may be asked
  std::string asked_;               // the id of that; empty: nothing is
  asio::steady_timer answerDue_;
  std::array<char, readAtOnce> input_;
};

class EngineStream final : public Stream {
 public:
  explicit EngineStream(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~EngineStream() override {
    if (!stopped_) session_->giveUp();
  }

  void start(Events events) override { session_->start(std::move(events)); }
  Result<> send(const Element& stanza) override { return session_->send(stanza); }
  void stop() override {
    stopped_ = true;
    session_->stop();
  }

 private:
  std::shared_ptr<Session> session_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Stream> makeStream(asio::any_io_executor executor, std::unique_ptr<StreamProtocol> protocol,
                                   EngineOptions options, run::Log log) {
  return std::make_unique<EngineStream>(
      std::make_shared<Session>(executor, std::move(protocol), std::move(options), std::move(log)));
}

}  // namespace beckon::xmpp
