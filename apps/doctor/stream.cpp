#include "apps/doctor/stream.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace beckon::doctor {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::size_t longestGreeting = 256;

const Error silent{Code::timedOut, "it says nothing", {}};
const Error closed{Code::connectionLost, "it closed the connection", {}};

}  // namespace

asio::awaitable<Result<std::unique_ptr<Stream>>> Stream::connect(asio::ip::tcp::endpoint address, Deadline until) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  auto connecting = socket.async_connect(address, asTuple);
  const auto connected = co_await inTime(std::move(connecting), until);
  if (!connected) co_return Error{Code::timedOut, "no answer", {}};
  if (const auto problem = std::get<0>(*connected)) co_return Error{Code::unreachable, problem.message(), {}};
  co_return std::unique_ptr<Stream>(new Stream(std::move(socket)));
}

asio::awaitable<Result<>> Stream::secure(localbus::TlsContext context, std::string host, Deadline until) {
  tls_ = std::make_unique<localbus::TlsChannel>(context, host);
  std::array<std::uint8_t, 4096> room;
  while (!tls_->isEstablished()) {
    const auto sent = co_await flush(until);
    if (!sent) co_return sent;
    const auto got = co_await receiveRaw(room, until);
    if (!got) co_return got.error();
    note(qi::ByteView(room).first(*got));
    const auto taken = decrypt(qi::ByteView(room).first(*got));
    if (taken) continue;
    co_await flush(until);  // tells the peer why
    co_return taken;
  }
  greeting_.clear();
  co_return co_await flush(until);
}

asio::awaitable<Result<>> Stream::send(qi::Bytes bytes, Deadline until) {
  if (!tls_) {
    auto writing = write(std::move(bytes), until);
    co_return co_await std::move(writing);
  }
  if (const auto taken = tls_->write(bytes); !taken) co_return taken;
  co_return co_await flush(until);
}

asio::awaitable<Result<>> Stream::flush(Deadline until) {
  qi::Bytes bytes;
  tls_->takeOutgoing(bytes);
  if (bytes.empty()) co_return Result<>();
  auto writing = write(std::move(bytes), until);
  co_return co_await std::move(writing);
}

asio::awaitable<Result<>> Stream::write(qi::Bytes bytes, Deadline until) {
  const auto buffer = asio::buffer(bytes);
  auto writing = asio::async_write(socket_, buffer, asTuple);
  const auto written = co_await inTime(std::move(writing), until);
  if (!written) co_return silent;
  if (std::get<0>(*written)) co_return closed;
  co_return Result<>();
}

asio::awaitable<Result<std::size_t>> Stream::receive(std::span<std::uint8_t> room, Deadline until) {
  if (!tls_) {
    const auto got = co_await receiveRaw(room, until);
    if (got) note(room.first(*got));
    co_return got;
  }
  std::array<std::uint8_t, 4096> arrived;
  while (plaintext_.empty()) {
    const auto got = co_await receiveRaw(arrived, until);
    if (!got) co_return got;
    if (const auto taken = decrypt(qi::ByteView(arrived).first(*got)); !taken) co_return taken.error();
    if (const auto sent = co_await flush(until); !sent) co_return sent.error();
    if (plaintext_.empty() && tls_->isClosedByPeer()) co_return closed;
  }
  const std::size_t size = std::min(room.size(), plaintext_.size());
  std::copy_n(plaintext_.begin(), size, room.begin());
  plaintext_.erase(plaintext_.begin(), plaintext_.begin() + static_cast<std::ptrdiff_t>(size));
  note(room.first(size));
  co_return size;
}

asio::awaitable<Result<std::size_t>> Stream::receiveRaw(std::span<std::uint8_t> room, Deadline until) {
  const auto buffer = asio::buffer(room.data(), room.size());
  auto reading = socket_.async_read_some(buffer, asTuple);
  const auto got = co_await inTime(std::move(reading), until);
  if (!got) co_return silent;
  const auto [problem, size] = *got;
  if (problem || size == 0) co_return closed;
  co_return size;
}

Result<> Stream::decrypt(qi::ByteView arrived) {
  std::array<std::uint8_t, 4096> room;
  for (;;) {
    const auto got = tls_->read(arrived, room);
    if (!got) return got.error();
    if (*got == 0) return {};
    plaintext_.insert(plaintext_.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

void Stream::note(qi::ByteView bytes) {
  const auto more = std::min(bytes.size(), longestGreeting - std::min(longestGreeting, greeting_.size()));
  greeting_.insert(greeting_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(more));
}

}  // namespace beckon::doctor
