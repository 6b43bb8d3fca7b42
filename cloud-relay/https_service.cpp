#include "cloud-relay/https_service.hpp"

#include "core/run/completion.hpp"
#include "localbus/tcp_address.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <openssl/ssl.h>

#include <array>
#include <map>
#include <set>

namespace beckon::relay {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using localbus::Endpoint;
using localbus::TlsContext;
using run::Code;
using run::completion;
using run::Error;

namespace {

// Of what a client sends beyond its request.
constexpr std::size_t mostDropped = 256 * 1024;

http::response<http::string_body> responseOf(HttpAnswer answer) {
  http::response<http::string_body> out{http::int_to_status(answer.status), 11};
  out.set(http::field::content_type, "application/json");
  out.set(http::field::cache_control, "no-store");
  if (!answer.allowed.empty()) out.set(http::field::allow, answer.allowed);
  out.keep_alive(false);
  out.body() = std::move(answer.body);
  out.prepare_payload();
  return out;
}

Error cannotListen(const Endpoint& endpoint, const std::string& why, const std::string& next) {
  return {Code::invalidConfig, "cannot listen for HTTPS on " + endpoint.url() + ": " + why, next};
}

}  // namespace

// A request whose handler was called. Its connection alone owns it.
struct HttpsService::Reply::Waiting {
  explicit Waiting(const asio::any_io_executor& executor) : came(executor) {}

  void take(HttpAnswer given) {
    if (answer) return;
    answer = std::move(given);
    came.cancel();
  }

  std::optional<HttpAnswer> answer;
  asio::steady_timer came;
};

struct HttpsService::Reply::Promise {
  explicit Promise(std::weak_ptr<Waiting> of) : waiting(std::move(of)) {}
  ~Promise() { answer(refusal(500)); }
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;

  void answer(HttpAnswer given) const {
    if (const auto there = waiting.lock()) there->take(std::move(given));
  }

  std::weak_ptr<Waiting> waiting;
};

void HttpsService::Reply::operator()(HttpAnswer answer) const { promise_->answer(std::move(answer)); }

struct HttpsService::State : std::enable_shared_from_this<State> {
  // How long accepting rests when the process has no descriptors left.
  static constexpr auto acceptRest = std::chrono::milliseconds(50);

  struct Connection {
    Connection(tcp::socket socket, SSL* tls, std::string from)
        : stream(boost::beast::tcp_stream(std::move(socket)), tls), address(std::move(from)) {}
    boost::beast::tcp_stream& transport() { return stream.next_layer(); }

    asio::ssl::stream<boost::beast::tcp_stream> stream;
    std::string address;
    std::shared_ptr<Reply::Waiting> waiting;
  };
  using Shared = std::shared_ptr<Connection>;

  State(asio::io_context& io, std::vector<Route> paths, run::Log to, const Options& given)
      : acceptor(io), routes(std::move(paths)), log(std::move(to)), options(given) {}

  asio::awaitable<void> accept() {
    const auto self = shared_from_this();
    while (acceptor.is_open()) {
      auto [problem, socket] = co_await acceptor.async_accept(completion);
      if (!acceptor.is_open()) co_return;
      if (problem) {
        log->warn("the HTTPS service cannot accept: {}", problem.message());
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
    if (!gone) socket.set_option(tcp::no_delay(true), gone);
    if (gone) return;
    auto address = localbus::holderOf(remote.address());
    const auto same = ofAddress.find(address);
    if (connections.size() >= options.mostConnections ||
        (same != ofAddress.end() && same->second >= options.mostOfAddress)) {
      log->debug("{} has {} connections of {}: one more was closed", address,
                 same == ofAddress.end() ? 0 : same->second, connections.size());
      return;
    }
    SSL* const ssl = SSL_new(tls->handle());
    if (!ssl) return;
    const auto connection = std::make_shared<Connection>(std::move(socket), ssl, std::move(address));
    ++ofAddress[connection->address];
    connections.insert(connection);
    asio::co_spawn(acceptor.get_executor(), serve(connection), asio::detached);
  }

  // One of the connections, for as long as it is served.
  struct Place {
    ~Place() {
      state->connections.erase(connection);
      const auto same = state->ofAddress.find(connection->address);
      if (--same->second == 0) state->ofAddress.erase(same);
    }
    std::shared_ptr<State> state;
    Shared connection;
  };

  asio::awaitable<void> serve(Shared connection) {
    const Place place{shared_from_this(), connection};
    connection->transport().expires_after(options.handshakeTime);
    const auto [refused] = co_await connection->stream.async_handshake(asio::ssl::stream_base::server, completion);
    if (refused) co_return;
    connection->transport().expires_after(options.requestTime);
    auto outcome = co_await read(*connection, options.limits);
    if (!outcome || isStopped) co_return;
    HttpAnswer answer;
    if (*outcome) {
      (*outcome)->address = connection->address;
      auto asking = ask(*connection, std::move(**outcome));
      answer = co_await std::move(asking);
    } else {
      answer = std::move(*outcome).error();
    }
    if (isStopped) co_return;
    connection->transport().expires_after(options.answerTime);
    auto sending = send(*connection, responseOf(std::move(answer)));
    co_await std::move(sending);
  }

  // Nothing if it ended or was too slow.
  static asio::awaitable<std::optional<HttpRequestReader::Outcome>> read(Connection& connection, HttpLimits limits) {
    HttpRequestReader reader(limits);
    std::array<char, 4096> room;
    const auto buffer = asio::buffer(room);
    for (;;) {
      const auto [ended, size] = co_await connection.stream.async_read_some(buffer, completion);
      if (ended) co_return std::nullopt;
      auto outcome = reader.take({room.data(), size});
      if (outcome) co_return outcome;
    }
  }

  asio::awaitable<HttpAnswer> ask(Connection& connection, HttpRequest request) {
    const Handler* handler = nullptr;
    std::string methods;
    for (const auto& route : routes) {
      if (route.path != request.path) continue;
      methods += (methods.empty() ? "" : ", ") + route.method;
      if (route.method == request.method) handler = &route.handler;
    }
    if (!handler) {
      auto nothing = refusal(methods.empty() ? 404 : 405);
      nothing.allowed = methods;
      co_return nothing;
    }
    const auto waiting = std::make_shared<Reply::Waiting>(acceptor.get_executor());
    connection.waiting = waiting;
    waiting->came.expires_after(options.handlerTime);
    callHandler(*handler, std::move(request), waiting);
    if (!waiting->answer && !isStopped) co_await waiting->came.async_wait(completion);
    connection.waiting.reset();
    co_return waiting->answer ? std::move(*waiting->answer) : refusal(504);
  }

  static void callHandler(const Handler& handler, HttpRequest request, const std::shared_ptr<Reply::Waiting>& waiting) {
    handler(std::move(request), Reply(std::make_shared<Reply::Promise>(waiting)));
  }

  static asio::awaitable<void> send(Connection& connection, http::response<http::string_body> response) {
    const auto [unsent, size] = co_await http::async_write(connection.stream, response, completion);
    if (unsent) co_return;
    co_await connection.stream.async_shutdown(completion);
    // TCP drops what a client has not read yet once more comes from it than is taken (RFC 9112 section 9.6).
    auto& socket = connection.transport().socket();
    error_code ended;
    socket.shutdown(tcp::socket::shutdown_send, ended);
    std::array<char, 4096> room;
    const auto buffer = asio::buffer(room);
    for (std::size_t dropped = 0; !ended && dropped < mostDropped;) {
      const auto [problem, more] = co_await connection.transport().async_read_some(buffer, completion);
      ended = problem;
      dropped += more;
    }
  }

  tcp::acceptor acceptor;
  std::vector<Route> routes;
  run::Log log;
  Options options;
  std::optional<TlsContext> tls;
  std::set<Shared> connections;
  std::map<std::string, std::size_t> ofAddress;
  bool isStopped = false;
};

HttpsService::HttpsService(asio::io_context& io, std::vector<Route> routes, run::Log log)
    : HttpsService(io, std::move(routes), std::move(log), Options{}) {}

HttpsService::HttpsService(asio::io_context& io, std::vector<Route> routes, run::Log log, const Options& options)
    : state_(std::make_shared<State>(io, std::move(routes), std::move(log), options)) {}

HttpsService::~HttpsService() { stop(); }

run::Result<Endpoint> HttpsService::start(const Endpoint& endpoint, const TlsContext& tls) {
  if (endpoint.scheme != Endpoint::Scheme::tcps)
    return cannotListen(endpoint, "HTTPS needs TLS on TCP", "give an address such as tcps://0.0.0.0:443");
  if (!tls.isServer() || tls.verifies())
    return cannotListen(endpoint, "its certificate is not for a server that lets in everybody",
                        "give a certificate and its key, and no authorities of clients");
  error_code problem;
  const auto address = asio::ip::make_address(endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host, problem);
  auto& acceptor = state_->acceptor;
  const tcp::endpoint place(address, endpoint.port);
  if (!problem) acceptor.open(place.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(place, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (problem) {
    stop();
    return cannotListen(endpoint, problem.message(),
                        problem == asio::error::access_denied
                            ? "choose a port above 1023, or let the service manager grant CAP_NET_BIND_SERVICE"
                            : "choose an address of this computer and a port that is free");
  }
  state_->tls = tls;
  asio::co_spawn(acceptor.get_executor(), state_->accept(), asio::detached);
  auto out = endpoint;
  out.port = acceptor.local_endpoint().port();
  return out;
}

void HttpsService::stop() {
  state_->isStopped = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& connection : state_->connections) {
    connection->transport().close();
    if (connection->waiting) connection->waiting->came.cancel();
  }
}

}  // namespace beckon::relay
