#pragma once

#include "core/qi/bytes.hpp"
#include "localbus/tls_channel.hpp"
#include "localbus/tls_context.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace beckon::doctor {

namespace asio = boost::asio;

using Deadline = std::chrono::steady_clock::time_point;

inline constexpr auto asTuple = asio::as_tuple(asio::use_awaitable);

// What `operation` gives, or nothing if that takes until the deadline; it is cancelled then.
template <class T>
asio::awaitable<std::optional<T>> inTime(asio::awaitable<T> operation, Deadline until) {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(co_await asio::this_coro::executor, until);
  auto waiting = timer.async_wait(asTuple);
  auto first = co_await (std::move(operation) || std::move(waiting));
  if (first.index() == 0) co_return std::move(std::get<0>(first));
  co_return std::nullopt;
}

// A connection to be looked at: TCP, then TLS perhaps. Everything has a deadline; after an error it is of no more use.
class Stream {
 public:
  // Errors unreachable, timedOut.
  static asio::awaitable<run::Result<std::unique_ptr<Stream>>> connect(asio::ip::tcp::endpoint address, Deadline until);

  // What follows is inside TLS. Errors: those of TlsChannel; timedOut, connectionLost.
  asio::awaitable<run::Result<>> secure(localbus::TlsContext context, std::string host, Deadline until);
  asio::awaitable<run::Result<>> send(qi::Bytes bytes, Deadline until);
  // At least one byte, written to the front of `room`. Errors: timedOut, connectionLost (the peer closed).
  asio::awaitable<run::Result<std::size_t>> receive(std::span<std::uint8_t> room, Deadline until);

  // The first bytes that the peer sent, at most 256: inside TLS once that is there.
  qi::ByteView greeting() const { return greeting_; }
  // Null before secure().
  const localbus::TlsChannel* tls() const { return tls_.get(); }

 private:
  explicit Stream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  asio::awaitable<run::Result<std::size_t>> receiveRaw(std::span<std::uint8_t> room, Deadline until);
  asio::awaitable<run::Result<>> flush(Deadline until);
  asio::awaitable<run::Result<>> write(qi::Bytes bytes, Deadline until);
  run::Result<> decrypt(qi::ByteView arrived);
  void note(qi::ByteView bytes);

  asio::ip::tcp::socket socket_;
  std::unique_ptr<localbus::TlsChannel> tls_;
  qi::Bytes plaintext_;  // decrypted, not yet asked for
  qi::Bytes greeting_;
};

}  // namespace beckon::doctor
