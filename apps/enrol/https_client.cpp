#include "apps/enrol/https_client.hpp"

#include "apps/doctor/resolve.hpp"
#include "apps/doctor/stream.hpp"
#include "localbus/tls_key.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>

namespace beckon::apps {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using doctor::Deadline;
using doctor::Stream;
using localbus::TlsContext;
using run::Code;
using run::Error;
using run::Result;

namespace {

// What an answer may have beside its body: the header, and the ends of its chunks.
constexpr std::size_t mostAround = 64 * 1024;

// The least that ends a body in chunks: "0\r\n\r\n". Beast 1.81 aborts when its end comes in pieces below that.
constexpr std::size_t leastOfChunks = 5;

constexpr auto tryLater = "check this computer's network, and try again later";

std::string urlOf(const HttpsTarget& target) {
  const bool isAddress6 = target.host.find(':') != std::string::npos;
  const auto host = isAddress6 ? "[" + target.host + "]" : target.host;
  return "https://" + (target.port == 443 ? host : host + ":" + std::to_string(target.port));
}

// Both stand in the header of the request, and the target may come from a code that a stranger wrote.
Result<> check(const HttpsTarget& target, const std::string& path) {
  const auto isOfHost = [](unsigned char letter) {
    return std::isalnum(letter) || std::string_view("-._:%").find(static_cast<char>(letter)) != std::string_view::npos;
  };
  if (target.host.empty() || target.host.size() > 255 || !std::ranges::all_of(target.host, isOfHost) ||
      target.port == 0)
    return Error{Code::invalidArgument, "the address of the server is none", "check the code or the address"};
  const auto isVisible = [](unsigned char letter) { return letter > ' ' && letter < 0x7F; };
  if (!path.starts_with('/') || !std::ranges::all_of(path, isVisible))
    return Error{Code::invalidArgument, "the path at " + urlOf(target) + " is none", "begin it with /"};
  if (target.pin.empty()) return {};
  const auto pin = localbus::readFingerprint("SHA256:" + target.pin);
  if (pin && *pin == target.pin) return {};
  return Error{Code::invalidArgument, "the pinned key of " + urlOf(target) + " is none",
               "it has 64 small hex digits; check the code"};
}

Result<TlsContext> contextOf(const HttpsTarget& target) {
  TlsContext::ClientOptions options;
  options.pin = target.pin;
  if (!target.caFile.empty()) options.authorities = target.caFile;
  options.andSystem = true;
  return TlsContext::client(options);
}

// What went wrong while `doing`, in words for who enrols.
Error told(const Error& problem, const HttpsTarget& target, const std::string& doing) {
  const auto url = urlOf(target);
  switch (problem.code) {
    case Code::timedOut:
      return {Code::timedOut, url + " took too long " + doing, tryLater};
    case Code::connectionLost:
      return {Code::connectionLost, url + " closed the connection " + doing,
              "try again; if it stays so, check the port, and see the server's log"};
    case Code::badCertificate:
      return {Code::badCertificate, problem.cause,
              target.pin.empty()
                  ? "check the address and this computer's clock; a server that no public authority knows needs a code "
                    "with its key in it, or the file of its own authority"
                  : "ask who runs the server for a new code; if its key is still the old one, somebody stands in "
                    "between"};
    default:
      return problem;
  }
}

asio::awaitable<Result<std::unique_ptr<Stream>>> connect(HttpsTarget target, Deadline until) {
  const auto& first = target.proxy ? target.proxy->place : xmpp::Endpoint{target.host, target.port};
  auto resolving = doctor::resolve(first.address, until);
  const auto addresses = co_await std::move(resolving);
  if (!addresses)
    co_return Error{addresses.error().code, addresses.error().cause, "check the code and this computer's network"};
  Error last;
  std::size_t left = addresses->size();
  for (const auto& address : *addresses) {
    // Each has its share of the time: one that is silent does not hide the next.
    const auto now = std::chrono::steady_clock::now();
    auto connecting = Stream::connect({address, first.port}, now + (until - now) / static_cast<int>(left--));
    auto stream = co_await std::move(connecting);
    if (stream) co_return stream;
    last = stream.error();
  }
  if (last.code == Code::timedOut) co_return told(last, target, "to take a connection");
  co_return Error{Code::unreachable, "cannot reach " + urlOf(target) + ": " + last.cause,
                  "check the address and this computer's network, and that the server runs"};
}

asio::awaitable<Result<>> passProxy(Stream& stream, HttpsTarget target, Deadline until) {
  xmpp::ProxyHandshake handshake(*target.proxy, target.host, target.port);
  auto toSend = handshake.first();
  std::array<std::uint8_t, 1024> room;
  while (toSend && !handshake.done()) {
    auto sending = stream.send(qi::Bytes(toSend->begin(), toSend->end()), until);
    if (const auto sent = co_await std::move(sending); !sent) co_return sent.error();
    const auto got = co_await stream.receive(room, until);
    if (!got) co_return got.error();
    toSend = handshake.receive({reinterpret_cast<const char*>(room.data()), *got});
  }
  if (!toSend) co_return toSend.error();
  co_return Result<>();
}

qi::Bytes requestOf(const HttpsTarget& target, const std::string& path, const std::string& body) {
  const auto text = "POST " + path + " HTTP/1.1\r\nHost: " + urlOf(target).substr(std::string_view("https://").size()) +
                    "\r\nUser-Agent: beckon\r\nAccept: application/json\r\nContent-Type: application/json\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
  return {text.begin(), text.end()};
}

class Answer {
 public:
  explicit Answer(const HttpsTarget& target) : url_(urlOf(target)) {
    parser_.body_limit(mostHttpAnswer);
    parser_.eager(true);
  }

  // Whether it is whole.
  Result<bool> take(qi::ByteView arrived) {
    rest_.append(arrived.begin(), arrived.end());
    received_ += arrived.size();
    std::size_t used = 0;
    error_code problem;
    while (!parser_.is_done() && used < rest_.size() && !problem) {
      if (parser_.is_header_done() && parser_.chunked() && rest_.size() - used < leastOfChunks) break;
      used += parser_.put({rest_.data() + used, rest_.size() - used}, problem);
    }
    rest_.erase(0, used);
    if (problem == http::error::body_limit || received_ > mostHttpAnswer + mostAround)
      return Error{Code::protocolError,
                   "the answer of " + url_ + " is larger than " + std::to_string(mostHttpAnswer / 1024) + " KiB",
                   "check the address: this may be another kind of server"};
    if (problem && problem != http::error::need_more) return unreadable();
    if (parser_.is_done() && parser_.get().result_int() < 200) return unreadable();
    return parser_.is_done();
  }
  // The server said that nothing follows. Whether it is whole then.
  bool end() {
    error_code problem;
    if (parser_.got_some()) parser_.put_eof(problem);
    return parser_.is_done() && !problem;
  }
  HttpAnswer whole() { return {parser_.get().result_int(), std::move(parser_.get().body())}; }

 private:
  Error unreadable() const {
    return {Code::protocolError, url_ + " does not answer in HTTP that can be read", "check the address and its port"};
  }

  std::string url_;
  http::response_parser<http::string_body> parser_;
  std::string rest_;  // what the parser has not taken yet
  std::size_t received_ = 0;
};

}  // namespace

asio::awaitable<Result<HttpAnswer>> post(HttpsTarget target, std::string path, std::string body,
                                         std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  if (const auto sound = check(target, path); !sound) co_return sound.error();
  const auto context = contextOf(target);
  if (!context) co_return context.error();
  auto connecting = connect(target, until);
  const auto stream = co_await std::move(connecting);
  if (!stream) co_return stream.error();
  if (target.proxy) {
    auto passing = passProxy(**stream, target, until);
    const auto passed = co_await std::move(passing);
    if (!passed) co_return told(passed.error(), target, "at the proxy");
  }
  auto securing = (*stream)->secure(*context, target.host, until);
  const auto secured = co_await std::move(securing);
  if (!secured) co_return told(secured.error(), target, "during the TLS handshake");
  auto sending = (*stream)->send(requestOf(target, path, body), until);
  const auto sent = co_await std::move(sending);
  if (!sent) co_return told(sent.error(), target, "while it took the request");

  Answer answer(target);
  std::array<std::uint8_t, 4096> room;
  for (;;) {
    const auto got = co_await (*stream)->receive(room, until);
    if (!got) {
      if ((*stream)->tls()->isClosedByPeer() && answer.end()) co_return answer.whole();
      co_return told(got.error(), target, "before its answer was whole");
    }
    const auto isWhole = answer.take(qi::ByteView(room).first(*got));
    if (!isWhole) co_return isWhole.error();
    if (*isWhole) co_return answer.whole();
  }
}

}  // namespace beckon::apps
