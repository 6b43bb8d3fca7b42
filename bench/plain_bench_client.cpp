// The modes lat and raw on bare sockets with Asio, beside plain_bench_server: the limit for a bench client.
#include "bench/client_options.hpp"
#include "bench/figures.hpp"
#include "localbus/endpoint.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <functional>
#include <iostream>

namespace beckon::bench {
namespace {

namespace asio = boost::asio;
using Socket = asio::generic::stream_protocol::socket;

class Client {
 public:
  explicit Client(const ClientOptions& options) : options_(options), socket_(io_) {
    const auto endpoint = localbus::Endpoint::parse(options.url).value();
    asio::generic::stream_protocol::endpoint address =
        asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), endpoint.port);
    if (endpoint.isUnix()) address = asio::local::stream_protocol::endpoint(endpoint.path);
    socket_.connect(address);
    boost::system::error_code ofUnix;
    socket_.set_option(asio::ip::tcp::no_delay(true), ofUnix);
    asio::read(socket_, asio::buffer(&server_, sizeof server_));
  }

  Outcome callOneAfterAnother() {
    start('e');
    Outcome outcome{.mode = "lat", .unit = "calls/s", .count = static_cast<std::uint64_t>(options_.count)};
    std::array<char, 32> bytes{};
    int left = 0;
    Clock::time_point begun;
    std::function<void()> next = [&] {
      begun = Clock::now();
      asio::write(socket_, asio::buffer(bytes));
      asio::async_read(socket_, asio::buffer(bytes), [&](boost::system::error_code problem, std::size_t) {
        if (problem) throw boost::system::system_error(problem);
        outcome.latencies.push_back(microsecondsSince(begun));
        if (--left > 0) next();
      });
    };
    const auto run = [&](int count) {
      left = count;
      outcome.latencies.clear();
      outcome.latencies.reserve(static_cast<std::size_t>(count));
      next();
      io_.restart();
      io_.run();
    };
    run(std::min(1000, options_.count));
    measure(outcome, [&] { run(options_.count); });
    return outcome;
  }

  // So many messages may be on their way that have not been told to have arrived.
  Outcome send() {
    start('s');
    const auto size = static_cast<std::uint64_t>(options_.size);
    asio::write(socket_, asio::buffer(&size, sizeof size));
    const std::vector<char> bytes(size, 'a');
    Outcome outcome{.mode = "raw",
                    .unit = "MB/s",
                    .count = static_cast<std::uint64_t>(options_.count),
                    .scale = options_.size / 1e6};
    measure(outcome, [&] {
      char got = 0;
      for (int i = 0; i < options_.count; ++i) {
        if (i >= options_.outstanding) asio::read(socket_, asio::buffer(&got, 1));
        asio::write(socket_, asio::buffer(bytes));
      }
      for (int i = 0; i < std::min(options_.count, options_.outstanding); ++i)
        asio::read(socket_, asio::buffer(&got, 1));
    });
    return outcome;
  }

 private:
  void start(char kind) { asio::write(socket_, asio::buffer(&kind, 1)); }
  template <class Work>
  void measure(Outcome& outcome, const Work& work) {
    Stretch stretch(server_);
    stretch.begin();
    work();
    stretch.end(outcome);
  }

  const ClientOptions& options_;
  asio::io_context io_{1};
  Socket socket_;
  std::int32_t server_ = 0;
};

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) {
  using namespace beckon::bench;
  ClientOptions options;
  int code = 0;
  if (!parseClient(argc, argv, "plain_bench_client", options, code)) return code;
  if (options.mode != "lat" && options.mode != "raw") {
    std::cerr << "plain_bench_client: only lat and raw" << std::endl;
    return 2;
  }
  try {
    Client client(options);
    print(options.mode == "lat" ? client.callOneAfterAnother() : client.send(), options.json);
  } catch (const std::exception& problem) {
    std::cerr << "plain_bench_client: " << problem.what() << std::endl;
    return 1;
  }
}
