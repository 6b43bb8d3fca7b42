#include "apps/beckond/status_port.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>

namespace beckon::apps {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using localbus::Endpoint;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr auto patience = std::chrono::seconds(5);  // for a request, and for an answer to be taken
constexpr std::uint32_t mostHeader = 8 * 1024;
constexpr auto completion = asio::as_tuple(asio::use_awaitable);

using Response = http::response<http::string_body>;

// Whether a Host header is one that a page of somebody else's cannot have (DNS rebinding).
bool isOurs(std::string_view host) {
  const auto end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
  auto name = host.substr(0, end);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name == "localhost") return true;
  boost::system::error_code problem;
  asio::ip::make_address(name, problem);
  return !problem;
}

Response made(http::status status, std::string body, std::string_view type = "text/plain; charset=utf-8") {
  Response out{status, 11};
  out.set(http::field::content_type, {type.data(), type.size()});
  out.set(http::field::cache_control, "no-store");
  out.keep_alive(false);
  out.body() = std::move(body);
  out.prepare_payload();
  return out;
}

}  // namespace

struct StatusPort::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, const run::Metrics& counted, Health parts, run::Log to)
      : acceptor(io), metrics(counted), health(std::move(parts)), log(std::move(to)) {}

  asio::awaitable<void> accept() {
    const auto self = shared_from_this();
    while (acceptor.is_open()) {
      auto [problem, socket] = co_await acceptor.async_accept(completion);
      if (problem) {
        if (!acceptor.is_open()) co_return;
        log->warn("the status port cannot accept: {}", problem.message());
        asio::steady_timer rest(acceptor.get_executor(), std::chrono::milliseconds(50));
        co_await rest.async_wait(completion);
        continue;
      }
      if (open < mostConnections) asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    const auto self = shared_from_this();
    ++open;
    boost::beast::tcp_stream stream(std::move(socket));
    boost::beast::flat_buffer buffer(mostHeader);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(mostHeader);
    stream.expires_after(patience);
    // A body has no use; and the reader of Boost 1.81 ends the program over a chunk whose end comes in two pieces.
    const auto [unread, size] = co_await http::async_read_header(stream, buffer, parser, completion);
    if (!unread) {
      const auto response = answer(parser.get());
      stream.expires_after(patience);
      co_await http::async_write(stream, response, completion);
    }
    --open;
  }

  Response answer(const http::request<http::empty_body>& request) const {
    if (!isOurs(std::string_view(request[http::field::host].data(), request[http::field::host].size())))
      return made(http::status::forbidden, "ask by an address, such as 127.0.0.1, or as localhost\n");
    if (request.method() != http::verb::get) return made(http::status::method_not_allowed, "only GET\n");
    if (request.target() == "/metrics") return made(http::status::ok, metrics.text(), run::Metrics::contentType);
    if (request.target() != "/healthz") return made(http::status::not_found, "there are /metrics and /healthz\n");
    const auto parts = health();
    std::string text;
    for (const auto& part : parts) text += part.name + (part.isSound ? " ok: " : " not: ") + part.text + "\n";
    const bool isSound = std::ranges::all_of(parts, &PartHealth::isSound);
    return made(isSound ? http::status::ok : http::status::service_unavailable, std::move(text));
  }

  tcp::acceptor acceptor;
  const run::Metrics& metrics;
  Health health;
  run::Log log;
  std::size_t open = 0;
};

StatusPort::StatusPort(asio::io_context& io, const run::Metrics& metrics, Health health, run::Log log)
    : state_(std::make_shared<State>(io, metrics, std::move(health), std::move(log))) {}

StatusPort::~StatusPort() { stop(); }

Result<Endpoint> StatusPort::start(const Endpoint& endpoint) {
  if (!endpoint.isLoopback() || endpoint.scheme != Endpoint::Scheme::tcp)
    return Error{Code::invalidConfig, endpoint.url() + " is no TCP address of this computer alone",
                 "listen on 127.0.0.1, and let a program there pass it on to others"};
  boost::system::error_code problem;
  const auto address = asio::ip::make_address(endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host, problem);
  auto& acceptor = state_->acceptor;
  const tcp::endpoint place(address, endpoint.port);
  if (!problem) acceptor.open(place.protocol(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(place, problem);
  if (!problem) acceptor.listen(asio::socket_base::max_listen_connections, problem);
  if (problem) {
    stop();
    return Error{Code::invalidConfig, "cannot listen for status on " + endpoint.url() + ": " + problem.message(),
                 "choose a port that is free"};
  }
  asio::co_spawn(acceptor.get_executor(), state_->accept(), asio::detached);
  auto out = endpoint;
  out.port = acceptor.local_endpoint().port();
  return out;
}

void StatusPort::stop() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

}  // namespace beckon::apps
