#include "apps/beckond/status_port.hpp"

#include "tests/localbus/loop.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::apps {
namespace {

using boost::asio::awaitable;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class StatusPortTest : public testing::Test {
 protected:
  StatusPortTest() { endpoint = port.start({"127.0.0.1", 0}).value(); }

  awaitable<std::string> exchange(std::string request) {
    tcp::socket socket(loop.io);
    co_await socket.async_connect({boost::asio::ip::make_address("127.0.0.1"), endpoint.port}, use_awaitable);
    co_await boost::asio::async_write(socket, boost::asio::buffer(request), use_awaitable);
    std::string answer;
    boost::system::error_code ended;
    co_await boost::asio::async_read(socket, boost::asio::dynamic_buffer(answer),
                                     boost::asio::redirect_error(use_awaitable, ended));
    co_return answer;
  }
  std::string ask(const std::string& line, const std::string& host = "127.0.0.1:9604") {
    return loop.await(exchange(line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
  }

  test::Loop loop;
  run::Metrics metrics;
  std::vector<PartHealth> parts{{"bus", true, "3 services"}};
  StatusPort port{loop.io, metrics, [this] { return parts; }, run::silentLog()};
  localbus::Endpoint endpoint;
};

TEST_F(StatusPortTest, givesWhatWasCountedAsOpenMetrics) {
  metrics.counter("beckon_calls", "Calls.").add(2);
  const auto answer = ask("GET /metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  EXPECT_THAT(
      answer,
      EndsWith("\r\n\r\n# TYPE beckon_calls counter\n# HELP beckon_calls Calls.\nbeckon_calls_total 2\n# EOF\n"));
}

TEST_F(StatusPortTest, saysWhichPartIsNotWell) {
  EXPECT_THAT(ask("GET /healthz"), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\nbus ok: 3 services\n")));
  parts.push_back({"xmpp", false, "the server refuses the password"});
  EXPECT_THAT(ask("GET /healthz"), AllOf(StartsWith("HTTP/1.1 503 "),
                                         EndsWith("bus ok: 3 services\nxmpp not: the server refuses the password\n")));
}

TEST_F(StatusPortTest, isNotReadByAPageUnderANameOfItsOwn) {
  EXPECT_THAT(ask("GET /metrics", "rebound.example"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("GET /metrics", "rebound.example:9604"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("GET /metrics", ""), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("GET /metrics", "["), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask("GET /metrics", "localhost:9604"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("GET /metrics", "[::1]:9604"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(StatusPortTest, changesNothingForAnybody) {
  EXPECT_THAT(ask("POST /metrics"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("GET /"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(StatusPortTest, closesOnWhatIsNoRequest) {
  EXPECT_EQ(loop.await(exchange("garbage\r\n\r\n")), "");
  EXPECT_EQ(loop.await(exchange("GET /metrics HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n")), "");
  EXPECT_THAT(ask("GET /healthz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(StatusPortTest, takesNoMoreConnectionsThanItCanHold) {
  std::vector<tcp::socket> silent;
  for (std::size_t i = 0; i < StatusPort::mostConnections; ++i) {
    auto& socket = silent.emplace_back(loop.io);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), endpoint.port});
  }
  EXPECT_EQ(ask("GET /healthz"), "");
  silent.clear();
  EXPECT_TRUE(loop.runUntil([&] { return !ask("GET /healthz").empty(); }));
}

TEST_F(StatusPortTest, isNotForOtherComputers) {
  StatusPort other(
      loop.io, metrics, [] { return std::vector<PartHealth>{}; }, run::silentLog());
  const auto wide = other.start({"0.0.0.0", 0});
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().code, run::Code::invalidConfig);
  const auto taken = other.start({"127.0.0.1", endpoint.port});
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().cause, HasSubstr("in use"));
}

}  // namespace
}  // namespace beckon::apps
