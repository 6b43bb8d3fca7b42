#include "apps/doctor/port.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace beckon::doctor {

using run::Code;
using run::Error;
using run::Result;

namespace {

using std::chrono::steady_clock;

void take(Port& port, qi::ByteView first) {
  const auto speech = speechOf(first);
  // The answer to a question of its own names the server.
  const bool isAnswer =
      first.size() >= 5 && std::string_view(reinterpret_cast<const char*>(first.data()), 5) == "HTTP/";
  if (speech == Speech::nothing || (port.speech == Speech::http && !isAnswer)) return;
  port.speech = speech;
  if (speech != Speech::qi && speech != Speech::tls) port.speaker = speaker(first);
}

asio::awaitable<void> askPlain(Port& port, std::unique_ptr<Stream> stream, Deadline until) {
  Exchange peer(*stream);
  auto loggingIn = logIn(peer, {}, {}, until);
  auto login = co_await std::move(loggingIn);
  if (login)
    port.plain = std::move(*login);
  else
    port.closes = login.error().code == Code::connectionLost && stream->greeting().empty();
  if (!login) take(port, stream->greeting());
}

asio::awaitable<Result<>> secure(Stream& stream, const Port& port, const std::optional<localbus::TlsKeyPair>& own,
                                 Deadline until) {
  const localbus::TlsContext::ClientOptions options{.verify = false, .own = own};
  const auto context = localbus::TlsContext::client(options);
  if (!context) co_return context.error();
  auto securing = stream.secure(*context, port.host, until);
  co_return co_await std::move(securing);
}

asio::awaitable<void> askInside(Port& port, std::unique_ptr<Stream> stream, std::optional<localbus::TlsKeyPair> own,
                                Deadline until) {
  const auto secured = co_await secure(*stream, port, own, until);
  if (!secured) {
    port.tlsProblem = secured.error();
    take(port, stream->greeting());
    co_return;
  }
  port.isTls = true;
  port.tlsVersion = stream->tls()->protocol();
  port.certificate = stream->tls()->certificate();
  Exchange peer(*stream);
  auto loggingIn = logIn(peer, {}, {}, until);
  auto login = co_await std::move(loggingIn);
  if (login)
    port.inside = std::move(*login);
  else
    port.tlsProblem = login.error();
  if (!login) take(port, stream->greeting());
}

// A web server waits for the end of a line.
asio::awaitable<void> askHttp(Port& port, std::unique_ptr<Stream> stream, std::optional<localbus::TlsKeyPair> own,
                              Deadline until) {
  constexpr std::string_view request = "GET / HTTP/1.0\r\n\r\n";
  if (port.isTls) {
    const auto secured = co_await secure(*stream, port, own, until);
    if (!secured) co_return;
  }
  auto sending = stream->send(qi::Bytes(request.begin(), request.end()), until);
  const auto sent = co_await std::move(sending);
  if (!sent) co_return;
  std::array<std::uint8_t, 256> room;
  const auto got = co_await stream->receive(room, until);
  if (got) take(port, stream->greeting());
}

enum class Greeting { plain, inside, http };
asio::awaitable<void> ask(Port& port, Greeting question, std::optional<localbus::TlsKeyPair> own,
                          std::chrono::milliseconds patience, Deadline until) {
  const auto soon = [&] { return std::min(until, steady_clock::now() + patience); };
  auto stream = co_await Stream::connect(port.address, soon());
  if (!stream) {
    if (!port.closed) port.closed = stream.error();
    co_return;
  }
  auto asking = question == Greeting::plain    ? askPlain(port, std::move(*stream), soon())
                : question == Greeting::inside ? askInside(port, std::move(*stream), std::move(own), soon())
                                               : askHttp(port, std::move(*stream), std::move(own), soon());
  co_await std::move(asking);
}

}  // namespace

asio::awaitable<Port> lookAt(asio::ip::tcp::endpoint address, std::string host, bool isTlsLikely,
                             std::optional<localbus::TlsKeyPair> own, std::chrono::milliseconds patience,
                             Deadline until) {
  using namespace asio::experimental::awaitable_operators;
  Port port;
  port.address = std::move(address);
  port.host = std::move(host);
  const auto likely = isTlsLikely ? Greeting::inside : Greeting::plain;
  const auto other = isTlsLikely ? Greeting::plain : Greeting::inside;
  auto first = ask(port, likely, own, patience, until);
  co_await std::move(first);
  if (port.closed || port.isQi()) co_return port;
  auto second = ask(port, other, own, patience, until);
  auto third = ask(port, Greeting::http, own, patience, until);
  co_await (std::move(second) && std::move(third));
  if (port.isTls && !port.isQi() && port.speech == Speech::nothing) {
    auto fourth = ask(port, Greeting::http, own, patience, until);
    co_await std::move(fourth);
  }
  port.closed.reset();  // it was open before: it counts connections, perhaps
  co_return port;
}

}  // namespace beckon::doctor
