#include "cloud-relay/carrier.hpp"

#include "tests/support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;

// Two ends with a carrier in between. Each end sends and reads as it is told.
class CarrierTest : public testing::Test {
 protected:
  struct End {
    explicit End(boost::asio::io_context& io) : socket(io) {}
    tcp::socket socket;
    std::string got;
    std::vector<char> room = std::vector<char>(65536);
    error_code ended;  // why nothing more comes

    void read() {
      socket.async_read_some(boost::asio::buffer(room), [this](error_code problem, std::size_t size) {
        got.append(room.data(), size);
        ended = problem;
        if (!problem) read();
      });
    }
  };

  CarrierTest() { ::signal(SIGPIPE, SIG_IGN); }

  // The relay's end.
  tcp::socket connect(End& end) {
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    end.socket.connect(acceptor.local_endpoint());
    return acceptor.accept();
  }
  std::shared_ptr<Carrier> start(std::size_t mostBytes = SIZE_MAX) {
    auto first = connect(a), second = connect(b);
    Carrier::Events events{[this, mostBytes](std::size_t bytes) { return (moved += bytes) < mostBytes; },
                           [this] { ++endings; }};
    auto out = std::make_shared<Carrier>(std::move(first), std::move(second), pipes, std::move(events));
    out->start();
    return out;
  }
  bool until(const std::function<bool()>& done) { return test::runUntil(io, done, 10s); }

  boost::asio::io_context io;
  Pipes pipes;
  End a{io}, b{io};
  std::size_t moved = 0;
  int endings = 0;
};

TEST_F(CarrierTest, movesBytesBothWays) {
  const auto carrier = start();
  a.read();
  b.read();
  const std::string there(3'000'000, 'x'), back = "an answer";
  boost::asio::async_write(a.socket, boost::asio::buffer(there), [](auto...) {});
  boost::asio::async_write(b.socket, boost::asio::buffer(back), [](auto...) {});
  EXPECT_TRUE(until([&] { return b.got.size() == there.size() && a.got.size() == back.size(); }));
  EXPECT_EQ(b.got, there);
  EXPECT_EQ(a.got, back);
  EXPECT_EQ(moved, there.size() + back.size());
  EXPECT_EQ(endings, 0);
}

TEST_F(CarrierTest, anEndThatHasWrittenAllGoesOnReading) {
  const auto carrier = start();
  b.read();
  boost::asio::write(a.socket, boost::asio::buffer(std::string("question")));
  a.socket.shutdown(tcp::socket::shutdown_send);
  ASSERT_TRUE(until([&] { return b.ended == boost::asio::error::eof; }));
  EXPECT_EQ(b.got, "question");
  EXPECT_EQ(endings, 0);
  a.read();
  boost::asio::write(b.socket, boost::asio::buffer(std::string("answer")));
  b.socket.shutdown(tcp::socket::shutdown_send);
  ASSERT_TRUE(until([&] { return a.ended == boost::asio::error::eof; }));
  EXPECT_EQ(a.got, "answer");
  EXPECT_TRUE(until([&] { return endings == 1; }));
}

TEST_F(CarrierTest, anEndThatDoesNotReadStopsTheOther) {
  const auto carrier = start();
  const std::string much(64'000'000, 'x');
  std::size_t written = 0;
  const auto write = [&](auto& self) -> void {
    a.socket.async_write_some(boost::asio::buffer(much.data() + written, much.size() - written),
                              [&](error_code problem, std::size_t size) {
                                written += size;
                                if (!problem && written < much.size()) self(self);
                              });
  };
  write(write);
  // As long as anything moves.
  for (std::size_t before = 1; before != moved;) {
    before = moved;
    io.restart();
    io.run_for(300ms);
  }
  EXPECT_LT(written, much.size());
  b.read();
  ASSERT_TRUE(until([&] { return b.got.size() == much.size(); }));
  EXPECT_TRUE(b.got == much);
}

TEST_F(CarrierTest, whereOneEndBreaksTheOtherIsReset) {
  const auto carrier = start();
  b.read();
  a.socket.set_option(boost::asio::socket_base::linger(true, 0));
  a.socket.close();
  ASSERT_TRUE(until([&] { return endings == 1; }));
  ASSERT_TRUE(until([&] { return b.ended.failed(); }));
  EXPECT_EQ(b.ended, boost::asio::error::connection_reset);
}

TEST_F(CarrierTest, isBrokenOffWhenNoMoreMayPass) {
  const auto carrier = start(1000);
  a.read();
  b.read();
  boost::asio::write(a.socket, boost::asio::buffer(std::string(2000, 'x')));
  ASSERT_TRUE(until([&] { return endings == 1 && a.ended.failed() && b.ended.failed(); }));
  EXPECT_EQ(b.ended, boost::asio::error::connection_reset);
  EXPECT_EQ(b.got, "");
}

TEST_F(CarrierTest, oneThatIsClosedEndsBothAndSaysNothing) {
  const auto carrier = start();
  a.read();
  b.read();
  carrier->close();
  ASSERT_TRUE(until([&] { return a.ended.failed() && b.ended.failed(); }));
  EXPECT_EQ(endings, 0);
}

TEST_F(CarrierTest, withoutDescriptorsForAPipeTheStreamIsBrokenOff) {
  const auto carrier = start();
  b.read();
  rlimit usual{}, few{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  few = usual;
  few.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &few);
  boost::asio::write(a.socket, boost::asio::buffer(std::string("x")));
  EXPECT_TRUE(until([&] { return endings == 1; }));
  ::setrlimit(RLIMIT_NOFILE, &usual);
  EXPECT_TRUE(until([&] { return b.ended.failed(); }));
}

// Pipes are for what is under way.
TEST_F(CarrierTest, streamsThatRestShareTheirPipes) {
  const auto descriptors = [] {
    const auto folder = std::filesystem::directory_iterator("/proc/self/fd");
    return std::distance(begin(folder), end(folder));
  };
  struct Pair {
    std::shared_ptr<Carrier> carrier;
    std::unique_ptr<End> a, b;
  };
  std::vector<Pair> pairs(50);
  std::size_t arrived = 0;
  for (auto& pair : pairs) {
    pair.a = std::make_unique<End>(io);
    pair.b = std::make_unique<End>(io);
    auto first = connect(*pair.a), second = connect(*pair.b);
    Carrier::Events events{[&](std::size_t bytes) { return (arrived += bytes) > 0; }, [] {}};
    pair.carrier = std::make_shared<Carrier>(std::move(first), std::move(second), pipes, std::move(events));
    pair.carrier->start();
  }
  const auto before = descriptors();
  for (auto& pair : pairs) {
    boost::asio::write(pair.a->socket, boost::asio::buffer(std::string("x")));
    pair.b->read();
  }
  ASSERT_TRUE(until([&] { return arrived == pairs.size(); }));
  for (auto& pair : pairs) ASSERT_TRUE(until([&] { return pair.b->got == "x"; }));
  EXPECT_EQ(descriptors(), before + 2);
}

}  // namespace
}  // namespace beckon::relay
