#include "xmpp/stream_engine.hpp"

#include "xmpp/lookup.hpp"
#include "xmpp/transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

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
constexpr std::string_view checkPlace = "check the address, that the server runs, and firewalls";

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
        deadline_(executor) {}

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
    if (!queue(std::move(xml)))
      return Error{Code::overloaded, "the connection to the server is too slow for what is being sent",
                   "send less, or try again later"};
    return {};
  }

  // No event from here on.
  void stop() {
    if (!events_) return;
    if (!protocol_->online()) return giveUp();
    events_.reset();
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
  }

 private:
  asio::awaitable<void> converse() {
    const auto self = shared_from_this();
    co_await asio::post(transport_.executor(), asio::use_awaitable);  // start() has returned
    if (!events_) co_return;
    const auto routes = co_await lookUp();
    if (!routes) co_return end(routes.error());
    for (std::size_t i = 0; events_ && !connected_ && i < routes->size(); ++i) co_await connect((*routes)[i]);
    if (!connected_) co_return end(why_);
    if (!events_) co_return;
    begin();
    co_await read();
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

  // Up to where the protocol begins. The next route has its turn as long as that fails.
  asio::awaitable<void> connect(Route route) {
    const auto target = route.host.empty() ? route.dial : Endpoint{route.host, route.port};
    await("a connection to " + target.address + " port " + std::to_string(target.port), std::string(checkPlace));
    late_.reset();
    auto connecting = transport_.connect(route, options_.proxy);
    auto outcome = co_await std::move(connecting);
    if (outcome && events_ && route.directTls) {
      await("the TLS handshake", std::string(options_.checkPort));
      auto securing = secure();
      outcome = co_await std::move(securing);
    }
    connected_ = outcome && transport_.isOpen();
    if (!connected_) why_ = late_ ? *late_ : outcome ? cut() : outcome.error();
  }

  asio::awaitable<Result<>> secure() {
    auto trusted = options_.trust();
    if (!trusted) co_return trusted.error();
    auto securing = transport_.secure(*trusted, options_.where.domain);
    co_return co_await std::move(securing);
  }

  void begin() {
    queue(protocol_->begin(transport_.isSecured()));
    awaitStage();
  }

  asio::awaitable<void> read() {
    while (true) {
      const auto size = co_await transport_.read(asio::buffer(input_));
      if (size == 0) {
        end(cut());
        giveUp();  // the polite end, if that was it
        co_return;
      }
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
        auto securing = secure();
        const auto secured = co_await std::move(securing);
        if (!secured) co_return end(late_ ? *late_ : secured.error());
        if (events_) begin();
      }
    }
  }

  void carryOut(StreamProtocol::Send& step) {
    queue(std::move(step.xml));
    awaitStage();
  }

  void carryOut(StreamProtocol::StartTls&) {}  // in read()

  void carryOut(StreamProtocol::Online& step) {
    deadline_.cancel();
    const auto events = events_;
    if (events->online) events->online(step.self);
  }

  void carryOut(StreamProtocol::Stanza& step) {
    const auto events = events_;
    if (events->stanza) events->stanza(std::move(step.stanza));
  }

  void carryOut(StreamProtocol::Refusal& step) {
    log_->warn("{}", step.why.cause);
    queue(std::move(step.xml));
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

  bool queue(std::string xml) {
    if (queued_.size() + writing_.size() + xml.size() > options_.largestQueue) return false;
    queued_ += xml;
    if (writing_.empty() && !std::exchange(writeIsDue_, true))
      asio::post(transport_.executor(), [self = shared_from_this()] {
        self->writeIsDue_ = false;
        if (self->writing_.empty()) self->write();
      });
    return true;
  }

  void write() {
    if (queued_.empty() || !transport_.isOpen()) return;
    writing_.swap(queued_);
    transport_.write(asio::buffer(writing_), [self = shared_from_this()](error_code error) {
      self->writing_.clear();
      if (error)
        self->end(self->cut());
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
    if (connected_ || !transport_.isOpen()) return end(why);
    late_ = std::move(why);  // and the next route has its turn
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
  bool connected_ = false, writeIsDue_ = false;
  Error why_;                  // why there is no connection yet
  std::optional<Error> late_;  // a route took too long
  std::string queued_, writing_;
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
