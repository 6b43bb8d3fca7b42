#include "xmpp/component_stream.hpp"

#include "xmpp/component_protocol.hpp"
#include "xmpp/tcp.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <openssl/crypto.h>

#include <array>
#include <exception>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace beckon::xmpp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto farewellDeadline = std::chrono::milliseconds(300);  // as that of a client's stream
constexpr std::size_t readAtOnce = 65536;
constexpr auto completion = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view checkPlace = "check the address, that the server runs, and firewalls";
constexpr std::string_view checkPort =
    "check that the port is the one where the server takes components, and look into its log";

std::string place(const tcp::endpoint& endpoint) {
  return endpoint.address().to_string() + " port " + std::to_string(endpoint.port());
}

// One attempt. It lives as long as something of it is under way, so that a polite end outlasts the stream's owner.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const asio::any_io_executor& executor, ComponentConfig config, run::Log log)
      : config_(std::move(config)),
        log_(std::move(log)),
        protocol_(config_.domain, config_.secret, config_.largestStanza),
        resolver_(executor),
        socket_(executor),
        deadline_(executor) {
    OPENSSL_cleanse(config_.secret.data(), config_.secret.size());
  }

  void start(Stream::Events events) {
    events_ = std::make_shared<const Stream::Events>(std::move(events));
    asio::co_spawn(socket_.get_executor(), converse(), [self = shared_from_this()](const std::exception_ptr& problem) {
      if (problem) std::rethrow_exception(problem);  // out of an event: its owner's
    });
  }

  run::Result<> send(const Element& stanza) {
    if (!events_ || protocol_.stage() != ComponentProtocol::Stage::online)
      return run::Error{run::Code::connectionLost, "there is no connection to the server", "try again later"};
    auto xml = stanza.toXml(ns::client);
    if (xml.size() > config_.largestStanza)
      return run::Error{run::Code::tooLarge,
                        "a message of " + std::to_string(xml.size()) + " bytes is above the limit of " +
                            std::to_string(config_.largestStanza),
                        "send less at once"};
    if (!queue(std::move(xml)))
      return run::Error{run::Code::overloaded, "the connection to the server is too slow for what is being sent",
                        "send less, or try again later"};
    return {};
  }

  // No event from here on.
  void stop() {
    if (!events_) return;
    if (protocol_.stage() != ComponentProtocol::Stage::online) return giveUp();
    events_.reset();
    queued_ += ComponentProtocol::farewell;
    if (writing_.empty()) write();
    deadline_.expires_after(farewellDeadline);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->giveUp();
    });
  }

  void giveUp() {
    events_.reset();
    error_code ignored;
    socket_.close(ignored);
    resolver_.cancel();
    deadline_.cancel();
  }

 private:
  asio::awaitable<void> converse() {
    const auto self = shared_from_this();
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);  // start() has returned
    if (!events_) co_return;
    const auto places = co_await lookUp();
    for (std::size_t i = 0; events_ && !connected_ && i < places.size(); ++i) co_await connect(places[i]);
    if (!connected_ && why_) end(*why_);
    if (!events_) co_return;
    queue(protocol_.header());
    awaitStage();
    co_await read();
  }

  asio::awaitable<std::vector<tcp::endpoint>> lookUp() {
    std::vector<tcp::endpoint> out;
    error_code problem;
    const auto numeric = asio::ip::make_address(config_.host, problem);
    if (!problem) {
      out.emplace_back(numeric, config_.port);
      co_return out;
    }
    await("the address of " + config_.host, "check this machine's network and name server");
    try {
      const auto port = std::to_string(config_.port);
      const auto [error, found] = co_await resolver_.async_resolve(config_.host, port, completion);
      for (const auto& entry : found) out.push_back(entry.endpoint());
      if (out.empty())
        why_ =
            run::Error{run::Code::unreachable, "no address is known for " + config_.host + " (" + error.message() + ")",
                       "check the server's name and this machine's network and name server"};
    } catch (const boost::system::system_error& refused) {  // Asio's thread for it
      why_ = run::Error{run::Code::overloaded, std::string("this computer gives no more threads: ") + refused.what(),
                        "raise its limits, or stop what uses them up"};
    }
    co_return out;
  }

  asio::awaitable<void> connect(const tcp::endpoint endpoint) {
    error_code ignored, problem;
    socket_.open(endpoint.protocol(), problem);
    if (problem) {
      why_ = run::Error{run::Code::overloaded, "this computer gives no more sockets: " + problem.message(),
                        "raise its limits, or stop what uses them up"};
      co_return;
    }
    prepareTcp(socket_.native_handle());
    place_ = place(endpoint);
    why_.reset();
    await("a connection to " + place_, std::string(checkPlace));
    const auto [error] = co_await socket_.async_connect(endpoint, completion);
    connected_ = !error && socket_.is_open();
    if (connected_) co_return;
    socket_.close(ignored);
    if (!why_)
      why_ = run::Error{run::Code::unreachable, "nobody answers at " + place_ + " (" + error.message() + ")",
                        std::string(checkPlace)};
  }

  asio::awaitable<void> read() {
    while (true) {
      const auto [error, size] = co_await socket_.async_read_some(asio::buffer(input_), completion);
      if (error) {
        end(protocol_.cut());
        giveUp();  // the polite end, if that was it
        co_return;
      }
      if (!events_) continue;
      protocol_.receive({input_.data(), size});
      while (events_) {
        auto step = protocol_.next();
        if (!step) break;
        std::visit([this](auto& kind) { carryOut(kind); }, *step);
      }
    }
  }

  void carryOut(ComponentProtocol::Send& step) {
    queue(std::move(step.xml));
    awaitStage();
  }

  void carryOut(ComponentProtocol::Online&) {
    deadline_.cancel();
    const auto events = events_;
    if (events->online) events->online(config_.domain);
  }

  void carryOut(ComponentProtocol::Stanza& step) {
    const auto events = events_;
    if (events->stanza) events->stanza(std::move(step.stanza));
  }

  void carryOut(ComponentProtocol::Refusal& step) {
    log_->warn("{}", step.why.cause);
    queue(std::move(step.xml));
  }

  void carryOut(ComponentProtocol::End& step) { end(step.why); }

  // ---- What goes out: all that a turn of the loop has queued at once. ----

  bool queue(std::string xml) {
    if (queued_.size() + writing_.size() + xml.size() > config_.largestQueue) return false;
    queued_ += xml;
    if (writing_.empty() && !std::exchange(writeIsDue_, true))
      asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->writeIsDue_ = false;
        if (self->writing_.empty()) self->write();
      });
    return true;
  }

  void write() {
    if (queued_.empty() || !socket_.is_open()) return;
    writing_.swap(queued_);
    asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](error_code error, std::size_t) {
      self->writing_.clear();
      if (error)
        self->end(self->protocol_.cut());
      else
        self->write();
    });
  }

  // ---- Deadlines and the end. ----

  void awaitStage() { await(std::string(ComponentProtocol::text(protocol_.stage())), std::string(checkPort)); }

  void await(std::string awaited, std::string nextStep) {
    deadline_.expires_after(config_.stageDeadline);
    deadline_.async_wait(
        [self = shared_from_this(), awaited = std::move(awaited), nextStep = std::move(nextStep)](error_code error) {
          // The deadline may have moved on after this had been queued.
          if (error || !self->events_ || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
          self->late({run::Code::timedOut,
                      "no answer from the server within " + std::to_string(self->config_.stageDeadline.count()) +
                          " ms: waiting for " + awaited,
                      nextStep});
        });
  }

  void late(run::Error why) {
    if (connected_ || !socket_.is_open()) return end(why);
    why_ = std::move(why);  // and the next address has its turn
    error_code ignored;
    socket_.close(ignored);
  }

  void end(const run::Error& why) {
    if (!events_) return;
    const auto events = events_;
    giveUp();
    if (events->closed) events->closed(why);  // may destroy the stream
  }

  ComponentConfig config_;
  run::Log log_;
  ComponentProtocol protocol_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  std::shared_ptr<const Stream::Events> events_;  // until nothing more is to be told
  bool connected_ = false, writeIsDue_ = false;
  std::optional<run::Error> why_;  // why there is no connection yet
  std::string place_;
  std::string queued_, writing_;
  std::array<char, readAtOnce> input_;
};

class ComponentStream final : public Stream {
 public:
  ComponentStream(const asio::any_io_executor& executor, ComponentConfig config, run::Log log)
      : session_(std::make_shared<Session>(executor, std::move(config), std::move(log))) {}
  ~ComponentStream() override {
    if (!stopped_) session_->giveUp();
  }

  void start(Events events) override { session_->start(std::move(events)); }
  run::Result<> send(const Element& stanza) override { return session_->send(stanza); }
  void stop() override {
    stopped_ = true;
    session_->stop();
  }

 private:
  std::shared_ptr<Session> session_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Stream> makeComponentStream(asio::any_io_executor executor, ComponentConfig config, run::Log log) {
  return std::make_unique<ComponentStream>(executor, std::move(config), std::move(log));
}

}  // namespace beckon::xmpp
