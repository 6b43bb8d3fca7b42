#include "localbus/dial.hpp"

#include "localbus/awaiting.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::localbus {

using boost::system::error_code;
using run::Code;
using run::Error;

static constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<run::Result<std::shared_ptr<Connection>>> dial(asio::io_context& io, Endpoint endpoint,
                                                               DialOptions options, run::Log log) {
  asio::ip::tcp::resolver resolver(io);
  Socket socket(io.get_executor());
  Timer timer(io.get_executor());
  timer.expires_after(options.timeout);

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
  const auto unreachable = [&](const error_code& problem, const std::string& next) {
    if (expired)
      return Error{Code::timedOut, "no answer from " + endpoint.url() + " in time",
                   "check the address and the network"};
    return Error{Code::unreachable, "cannot reach " + endpoint.url() + ": " + problem.message(), next};
  };

  auto [lookup, addresses] = co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), asTuple);
  if (lookup || expired) {
    armed.reset();
    co_return unreachable(lookup, "check the host's name");
  }
  auto [refused, address] = co_await asio::async_connect(socket, addresses, asTuple);
  armed.reset();
  timer.cancel();
  if (refused || expired)
    co_return unreachable(refused, "check that a directory runs there: beckon-directory " + endpoint.url());

  auto connection = Connection::connected(std::move(socket), std::move(options.credentials), std::move(options.more),
                                          options.receiver, std::move(log), std::move(options.capabilities));
  const auto ready = co_await awaiting<run::Result<>>(
      [&](auto done) { connection->start(std::move(done), options.authenticationTime); });
  if (!ready) co_return ready.error();
  co_return connection;
}

}  // namespace beckon::localbus
