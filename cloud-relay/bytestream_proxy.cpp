#include "cloud-relay/bytestream_proxy.hpp"

#include "cloud-relay/carrier.hpp"
#include "cloud-relay/pipes.hpp"
#include "core/run/completion.hpp"
#include "localbus/tcp_address.hpp"
#include "policy/token.hpp"
#include "xmpp/socks5.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <array>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace beckon::relay {

namespace asio = boost::asio;
namespace socks5 = xmpp::socks5;
using asio::ip::tcp;
using boost::system::error_code;
using run::Code;
using run::completion;
using run::Error;
using run::Result;
using std::chrono::steady_clock;

struct BytestreamProxy::State : std::enable_shared_from_this<State> {
  // How long accepting rests when the process has no descriptors left.
  static constexpr auto acceptRest = std::chrono::milliseconds(50);

  // Somebody who has shown no ticket yet.
  struct Stranger {
    Stranger(tcp::socket socket, std::string from) : stream(std::move(socket)), address(std::move(from)) {}
    boost::beast::tcp_stream stream;
    std::string address;
  };
  using Shared = std::shared_ptr<Stranger>;

  // Of a ticket: who came, and then the stream between them.
  struct Line {
    std::vector<tcp::socket> waiting;
    std::shared_ptr<Carrier> carrier;
  };

  State(asio::io_context& io, Usage& counted, run::Log to, const Options& given)
      : acceptor(io), timer(io), usage(counted), tickets(given.tickets), log(std::move(to)), options(given) {}

  // ---- Strangers. ----

  asio::awaitable<void> accept() {
    const auto self = shared_from_this();
    while (acceptor.is_open()) {
      auto [problem, socket] = co_await acceptor.async_accept(completion);
      if (!acceptor.is_open()) co_return;
      if (problem) {
        log->warn("the bytestream proxy cannot accept: {}", problem.message());
        asio::steady_timer rest(acceptor.get_executor(), acceptRest);
        co_await rest.async_wait(completion);
        continue;
      }
      take(std::move(socket));
    }
  }

  void take(tcp::socket socket) {
    error_code gone;
    const auto remote = socket.remote_endpoint(gone);
    if (gone) return;
    auto address = localbus::holderOf(remote.address());
    const auto same = ofAddress.find(address);
    if (strangers.size() >= options.mostStrangers ||
        (same != ofAddress.end() && same->second >= options.mostOfAddress)) {
      log->debug("{} and others have too many connections without a ticket: one more was closed", address);
      return;
    }
    const auto stranger = std::make_shared<Stranger>(std::move(socket), std::move(address));
    ++ofAddress[stranger->address];
    strangers.insert(stranger);
    asio::co_spawn(acceptor.get_executor(), serve(stranger), asio::detached);
  }

  // One of the strangers, until it has shown a ticket.
  struct Place {
    ~Place() {
      state->strangers.erase(stranger);
      const auto same = state->ofAddress.find(stranger->address);
      if (--same->second == 0) state->ofAddress.erase(same);
    }
    std::shared_ptr<State> state;
    Shared stranger;
  };

  asio::awaitable<void> serve(Shared stranger) {
    const Place place{shared_from_this(), stranger};
    auto& stream = stranger->stream;
    stream.expires_after(options.handshakeTime);
    socks5::Server handshake;
    std::array<char, 2 + socks5::longestHost> room;
    while (handshake.wanted() > 0) {
      const auto wanted = asio::buffer(room, handshake.wanted());
      const auto [ended, size] = co_await asio::async_read(stream, wanted, completion);
      if (ended) co_return;
      const auto answer = handshake.take({room.data(), size});
      if (!answer) co_return;
      const auto bytes = asio::buffer(*answer);
      const auto [unsent, sent] = co_await asio::async_write(stream, bytes, completion);
      if (unsent) co_return;
    }
    if (!isStopped) letIn(stranger->stream.release_socket(), handshake, stranger->address);
  }

  void letIn(tcp::socket socket, const socks5::Server& handshake, const std::string& address) {
    const auto& key = handshake.destination().host;
    if (!tickets.admit(key, steady_clock::now())) {
      log->debug("{} has no ticket: closed", address);
      return;
    }
    // Some 50 bytes, to a socket that has taken two: they have room.
    error_code lost;
    asio::write(socket, asio::buffer(handshake.answer(socks5::Answer::succeeded)), lost);
    if (!lost) lines[key].waiting.push_back(std::move(socket));
  }

  // ---- Streams. ----

  Result<> open(const Session& session) {
    if (const auto counter = usage.begin(session.requester.bare().text(), policy::wallClock()); !counter)
      return counter.error();
    if (const auto key = tickets.open(session, steady_clock::now()); !key) return key.error();
    return {};
  }

  Result<> activate(const Session& session) {
    const auto counter = usage.begin(session.requester.bare().text(), policy::wallClock());
    if (!counter) return counter.error();
    const auto key = tickets.activate(session, steady_clock::now());
    if (!key) return key.error();
    auto& line = lines[*key];
    auto ends = std::move(line.waiting);
    if (ends.size() < 2) {  // one was lost on its way in
      drop({*key});
      return Error{Code::connectionLost, "an end of that stream has left again", "ask for another ticket"};
    }
    Carrier::Events events;
    events.moved = [this, counted = *counter](std::size_t bytes) {
      const bool isAllowed = usage.move(*counted, bytes);
      if (!isAllowed) log->warn("{} may move no more bytes today: a stream is broken off", counted->account);
      return isAllowed;
    };
    // Whoever calls it holds the carrier.
    events.ended = [this, ended = *key] {
      tickets.end(ended);
      lines.erase(ended);
    };
    line.carrier = std::make_shared<Carrier>(std::move(ends[0]), std::move(ends[1]), pipes, std::move(events));
    line.carrier->start();
    return {};
  }

  void drop(const std::vector<std::string>& keys) {
    for (const auto& key : keys) {
      tickets.end(key);
      const auto line = lines.find(key);
      if (line == lines.end()) continue;
      if (line->second.carrier) line->second.carrier->close();
      lines.erase(line);
    }
  }

  // ---- Time. ----

  asio::awaitable<void> keepTime() {
    const auto self = shared_from_this();
    for (int beats = 1; !isStopped; ++beats) {
      timer.expires_after(beat);
      co_await timer.async_wait(completion);
      drop(tickets.endLate(steady_clock::now()));
      if (options.putOut && tickets.size() > 0)
        for (const auto& account : options.putOut(tickets.accounts())) drop(tickets.endOf(account));
      if (beats % beatsPerSave == 0) save();
    }
  }

  void save() {
    const auto saved = usage.save(policy::wallClock());
    if (!saved && !isUnsaved)
      log->error("what was moved cannot be written down: {}; next: {}", saved.error().cause, saved.error().nextStep);
    isUnsaved = !saved;
  }

  void stop() {
    if (std::exchange(isStopped, true)) return;
    error_code ignored;
    acceptor.close(ignored);
    timer.cancel();
    for (const auto& stranger : strangers) stranger->stream.close();
    for (auto& [key, line] : lines)
      if (line.carrier) line.carrier->close();
    lines.clear();
    save();
  }

  tcp::acceptor acceptor;
  asio::steady_timer timer;
  Usage& usage;
  Pipes pipes;
  Tickets tickets;
  run::Log log;
  Options options;
  std::set<Shared> strangers;
  std::map<std::string, std::size_t> ofAddress;
  std::map<std::string, Line, std::less<>> lines;  // by the key of their ticket
  bool isStopped = false, isUnsaved = false;
};

BytestreamProxy::BytestreamProxy(asio::io_context& io, Usage& usage, run::Log log, const Options& options)
    : state_(std::make_shared<State>(io, usage, std::move(log), options)) {}

BytestreamProxy::~BytestreamProxy() { stop(); }

Result<tcp::endpoint> BytestreamProxy::start(const tcp::endpoint& where) {
  auto& acceptor = state_->acceptor;
  error_code problem;
  acceptor.open(where.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(where, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (problem) {
    stop();
    return Error{Code::invalidConfig,
                 "cannot listen for bytestreams on " + where.address().to_string() + " port " +
                     std::to_string(where.port()) + ": " + problem.message(),
                 "choose an address of this computer and a port that is free"};
  }
  asio::co_spawn(acceptor.get_executor(), state_->accept(), asio::detached);
  asio::co_spawn(acceptor.get_executor(), state_->keepTime(), asio::detached);
  return acceptor.local_endpoint();
}

void BytestreamProxy::stop() { state_->stop(); }
Result<> BytestreamProxy::open(const Session& session) { return state_->open(session); }
Result<> BytestreamProxy::activate(const Session& session) { return state_->activate(session); }
std::size_t BytestreamProxy::size() const { return state_->tickets.size(); }
void BytestreamProxy::endOf(const std::string& account) { state_->drop(state_->tickets.endOf(account)); }

}  // namespace beckon::relay
