#include "localbus/dial.hpp"

#include "localbus/awaiting.hpp"
#include "localbus/tls_channel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::localbus {

using boost::system::error_code;
using run::Code;
using run::Error;

static constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);

namespace {

using Tcp = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Unix = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

Error tooSlow(const Endpoint& endpoint) {
  return {Code::timedOut, "no answer from " + endpoint.url() + " in time", "check the address and the network"};
}

Error unreachable(const Endpoint& endpoint, const error_code& problem, const std::string& next) {
  return {Code::unreachable, "cannot reach " + endpoint.url() + ": " + problem.message(), next};
}

std::string noDirectory(const Endpoint& endpoint) {
  return "check that a directory runs there: beckon-directory " + endpoint.url();
}

// Addresses need no looking up, for which Asio starts a thread.
std::vector<asio::ip::tcp::endpoint> asAddress(const Endpoint& endpoint) {
  error_code isName;
  const auto address = asio::ip::make_address(endpoint.host, isName);
  if (isName) return {};
  return {{address, endpoint.port}};
}

asio::awaitable<run::Result<Socket>> connectTcp(asio::io_context& io, Endpoint endpoint, Duration limit) {
  asio::ip::tcp::resolver resolver(io);
  Tcp socket(io.get_executor());
  Timer timer(io.get_executor());
  timer.expires_after(limit);
  bool expired = false;
  // An expiry that is already on its way when the timer is cancelled must find nothing of this frame.
  auto armed = std::make_shared<bool>(true);
  timer.async_wait([&, isArmed = std::weak_ptr(armed)](error_code cancelled) {
    if (cancelled || isArmed.expired()) return;
    expired = true;
    error_code ignored;
    resolver.cancel();
    socket.close(ignored);
  });
  auto addresses = asAddress(endpoint);
  if (addresses.empty()) {
    auto [lookup, found] = co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), asTuple);
    if (lookup || expired) {
      armed.reset();
      if (expired) co_return tooSlow(endpoint);
      co_return unreachable(endpoint, lookup, "check the host's name");
    }
    for (const auto& entry : found) addresses.push_back(entry.endpoint());
  }
  auto [refused, address] = co_await asio::async_connect(socket, addresses, asTuple);
  armed.reset();
  if (expired) co_return tooSlow(endpoint);
  if (refused) co_return unreachable(endpoint, refused, noDirectory(endpoint));
  co_return Socket(std::move(socket));
}

// Takes no time: the other end need not accept. Where too many wait for that already, it is refused (EAGAIN).
run::Result<Socket> connectUnix(asio::io_context& io, const Endpoint& endpoint) {
  Unix socket(io.get_executor());
  error_code problem;
  const asio::local::stream_protocol::endpoint to(endpoint.path);
  socket.open(to.protocol(), problem);
  // Asio's own would wait.
  if (!problem) socket.native_non_blocking(true, problem);
  if (!problem && ::connect(socket.native_handle(), to.data(), static_cast<socklen_t>(to.size())) != 0)
    problem.assign(errno, boost::system::system_category());
  if (problem) return unreachable(endpoint, problem, noDirectory(endpoint));
  return Socket(std::move(socket));
}

}  // namespace

asio::awaitable<run::Result<std::shared_ptr<Connection>>> dial(asio::io_context& io, Endpoint endpoint,
                                                               DialOptions options, run::Log log) {
  std::optional<run::Result<Socket>> socket;
  if (endpoint.isUnix())
    socket.emplace(connectUnix(io, endpoint));
  else
    socket.emplace(co_await connectTcp(io, endpoint, options.timeout));
  if (!*socket) co_return socket->error();
  std::unique_ptr<TlsChannel> tls;
  if (endpoint.isTls()) {
    const auto context = options.tls ? run::Result<TlsContext>(*options.tls) : TlsContext::client({});
    if (!context) co_return context.error();
    tls = std::make_unique<TlsChannel>(*context, endpoint.host);
  }
  if (options.areCredentialsForTls && !endpoint.isTls() && !endpoint.isUnix()) {
    options.credentials.clear();
    options.more = nullptr;
  }
  auto connection =
      Connection::connected(std::move(**socket), std::move(options.credentials), std::move(options.more),
                            options.receiver, std::move(log), std::move(options.capabilities), std::move(tls));
  const auto ready = co_await awaiting<run::Result<>>(
      [&](auto done) { connection->start(std::move(done), options.authenticationTime); });
  if (!ready) co_return ready.error();
  co_return connection;
}

}  // namespace beckon::localbus
