#include "cloud-relay/bytestream_proxy.hpp"

#include "tests/cloud-relay/session.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace beckon::relay {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using boost::asio::ip::tcp;
using boost::system::error_code;
using testing::HasSubstr;

// Somebody who connects, and sends and hears bytes.
struct Peer {
  Peer(boost::asio::io_context& io, const tcp::endpoint& where, const std::string& from = "127.0.0.1") : socket(io) {
    socket.open(tcp::v4());
    socket.bind({boost::asio::ip::make_address(from), 0});
    socket.connect(where);
    read();
  }
  void read() {
    socket.async_read_some(boost::asio::buffer(room), [this](error_code problem, std::size_t size) {
      got.append(room.data(), size);
      isGone = problem.failed();
      if (!problem) read();
    });
  }
  void send(const std::string& bytes) {
    error_code ignored;  // it may be closed already
    boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
  }
  void show(const std::string& key) { send("\5\1\0"s + "\5\1\0\3"s + static_cast<char>(key.size()) + key + "\0\0"s); }

  tcp::socket socket;
  std::string got;
  std::array<char, 4096> room{};
  bool isGone = false;
};

class BytestreamProxyTest : public testing::Test {
 protected:
  BytestreamProxyTest() { ::signal(SIGPIPE, SIG_IGN); }

  void start(std::int64_t bytesADay = 1'000'000) {
    usage.emplace(store, bytesADay);
    proxy.emplace(io, *usage, run::silentLog(), options);
    where = proxy->start({boost::asio::ip::address_v4::loopback(), 0}).value();
  }
  static std::string letIn(const std::string& key) {
    return "\5\0"s + "\5\0\0\3"s + static_cast<char>(key.size()) + key + "\0\0"s;
  }
  Peer& peer(const std::string& from = "127.0.0.1") { return peers.emplace_back(io, where, from); }
  // Both ends of a stream through which bytes flow; what the handshake said is forgotten.
  std::pair<Peer*, Peer*> stream(const Session& of) {
    proxy->open(of).value();
    Peer &target = peer(), &requester = peer();
    for (auto* end : {&target, &requester}) {
      end->show(of.hash());
      EXPECT_TRUE(until([&] { return end->got == letIn(of.hash()); }));
      end->got.clear();
    }
    proxy->activate(of).value();
    return {&requester, &target};
  }
  template <class Done>
  bool until(Done done) {
    return test::runUntil(io, done);
  }

  test::TemporaryFolder folder;
  FleetStore store = FleetStore::open(folder.path() / FleetStore::fileName).value();
  boost::asio::io_context io;
  BytestreamProxy::Options options;
  std::optional<Usage> usage;
  std::optional<BytestreamProxy> proxy;
  tcp::endpoint where;
  std::list<Peer> peers;
};

TEST_F(BytestreamProxyTest, passesBytesBetweenTwoWhoHaveATicket) {
  start();
  const auto [requester, target] = stream(session(1));
  requester->send("there");
  target->send("back");
  EXPECT_TRUE(until([&, r = requester, t = target] { return t->got == "there" && r->got == "back"; }));
}

TEST_F(BytestreamProxyTest, passesNothingBeforeTheRequesterSaysSo) {
  start();
  proxy->open(session(1)).value();
  Peer &target = peer(), &requester = peer();
  target.show(session(1).hash());
  EXPECT_THAT(proxy->activate(session(1)).error().cause, HasSubstr("not both ends"));
  requester.show(session(1).hash());
  requester.send("early");
  ASSERT_TRUE(until([&] { return requester.got == letIn(session(1).hash()); }));
  EXPECT_EQ(target.got, letIn(session(1).hash()));
  proxy->activate(session(1)).value();
  EXPECT_TRUE(until([&] { return target.got == letIn(session(1).hash()) + "early"; }));
}

TEST_F(BytestreamProxyTest, strangersGetNothingAndAreClosedAtOnce) {
  start();
  proxy->open(session(1)).value();
  auto& stranger = peer();
  stranger.show(session(2).hash());
  EXPECT_TRUE(until([&] { return stranger.isGone; }));
  EXPECT_EQ(stranger.got, "\5\0"s);
  for (const auto& words : {"GET / HTTP/1.1\r\n\r\n"s, "\5\1\2"s, "\4\1"s}) {
    auto& other = peer();
    other.send(words);
    EXPECT_TRUE(until([&] { return other.isGone; }));
    EXPECT_EQ(other.got, "");
  }
}

TEST_F(BytestreamProxyTest, aThirdIsNotLetIn) {
  start();
  const auto [requester, target] = stream(session(1));
  auto& third = peer();
  third.show(session(1).hash());
  EXPECT_TRUE(until([&] { return third.isGone; }));
  EXPECT_EQ(third.got, "\5\0"s);
  requester->send("still there");
  EXPECT_TRUE(until([t = target] { return t->got == "still there"; }));
}

TEST_F(BytestreamProxyTest, whoSaysNothingIsClosedInTime) {
  options.handshakeTime = 50ms;
  start();
  auto &silent = peer(), &slow = peer();
  slow.send("\5\1");
  EXPECT_TRUE(until([&] { return silent.isGone && slow.isGone; }));
}

TEST_F(BytestreamProxyTest, anAddressHasAFewStrangersAtATime) {
  options.mostOfAddress = 2;
  options.mostStrangers = 3;
  start();
  proxy->open(session(1)).value();
  peer(), peer();
  auto& third = peer();
  EXPECT_TRUE(until([&] { return third.isGone; }));
  auto& other = peer("127.0.0.2");
  auto& inAll = peer("127.0.0.3");
  EXPECT_TRUE(until([&] { return inAll.isGone; }));
  EXPECT_FALSE(peers.front().isGone);
  other.show(session(1).hash());  // who has shown a ticket counts no more
  ASSERT_TRUE(until([&] { return other.got == letIn(session(1).hash()); }));
  auto& next = peer("127.0.0.2");
  next.show(session(1).hash());
  EXPECT_TRUE(until([&] { return next.got == letIn(session(1).hash()); }));
}

TEST_F(BytestreamProxyTest, whoIsPutOutLosesStreamsAndTickets) {
  start();
  const auto [requester, target] = stream(session(1));
  const auto [other, alsoOther] = stream(session(2, "r3", "r4"));
  proxy->open(session(3)).value();
  auto& waiting = peer();
  waiting.show(session(3).hash());
  ASSERT_TRUE(until([&] { return waiting.got == letIn(session(3).hash()); }));
  proxy->endOf("alice@x");
  EXPECT_TRUE(until([&, r = requester, t = target] { return r->isGone && t->isGone && waiting.isGone; }));
  EXPECT_THAT(proxy->activate(session(3)).error().cause, HasSubstr("no open ticket"));
  other->send("still there");
  EXPECT_TRUE(until([t = alsoOther] { return t->got == "still there"; }));
}

TEST_F(BytestreamProxyTest, whomSomebodyElsePutsOutLosesThemWithinABeat) {
  std::set<std::string> asked, putOut;
  options.putOut = [&](const std::set<std::string>& accounts) {
    asked = accounts;
    return putOut;
  };
  start();
  const auto [requester, target] = stream(session(1));
  const auto [other, alsoOther] = stream(session(2, "r3", "r4"));
  ASSERT_TRUE(until([&] { return asked == std::set<std::string>{"alice@x", "r2@x", "r3@x", "r4@x"}; }));
  EXPECT_FALSE(requester->isGone);
  putOut = {"alice@x"};
  EXPECT_TRUE(until([&, r = requester, t = target] { return r->isGone && t->isGone; }));
  EXPECT_FALSE(other->isGone);
  EXPECT_EQ(proxy->size(), 1u);
}

TEST_F(BytestreamProxyTest, whoHasMovedEnoughForADayIsBrokenOffAndRefused) {
  start(1000);
  const auto [requester, target] = stream(session(1));
  target->send(std::string(999, 'x'));
  ASSERT_TRUE(until([r = requester] { return r->got.size() == 999; }));
  requester->send("x");
  EXPECT_TRUE(until([r = requester, t = target] { return r->isGone && t->isGone; }));
  EXPECT_EQ(target->got, "");
  EXPECT_EQ(proxy->open(session(2)).error().code, run::Code::overloaded);
  EXPECT_TRUE(proxy->open(session(3, "r3")));
}

TEST_F(BytestreamProxyTest, whatWasMovedIsWrittenSoon) {
  start();
  const auto [requester, target] = stream(session(1));
  requester->send(std::string(1234, 'x'));
  const auto day = std::chrono::floor<std::chrono::days>(policy::wallClock()).time_since_epoch().count();
  EXPECT_TRUE(until([&] { return store.moved("r2@x", day).value() == 1234; }));
}

TEST_F(BytestreamProxyTest, aStreamThatIsOverMakesRoom) {
  options.tickets.ofRequester = 1;
  start();
  const auto [requester, target] = stream(session(1));
  EXPECT_EQ(proxy->open(session(2)).error().code, run::Code::overloaded);
  requester->socket.shutdown(tcp::socket::shutdown_send);
  target->socket.shutdown(tcp::socket::shutdown_send);
  bool isOpen = false;
  EXPECT_TRUE(until([&] { return isOpen = isOpen || proxy->open(session(2)).has_value(); }));
}

TEST_F(BytestreamProxyTest, aStopBreaksOffEverythingAndWritesWhatWasMoved) {
  start();
  const auto [requester, target] = stream(session(1));
  auto& silent = peer();
  requester->send("12345");
  ASSERT_TRUE(until([t = target] { return t->got == "12345"; }));
  proxy->stop();
  EXPECT_TRUE(until([&, r = requester, t = target] { return r->isGone && t->isGone && silent.isGone; }));
  const auto day = std::chrono::floor<std::chrono::days>(policy::wallClock()).time_since_epoch().count();
  EXPECT_EQ(store.moved("r2@x", day).value(), 5);
}

TEST_F(BytestreamProxyTest, saysWhereItCannotListen) {
  start();
  BytestreamProxy second(io, *usage, run::silentLog(), options);
  const auto refused = second.start(where).error();
  EXPECT_EQ(refused.code, run::Code::invalidConfig);
  EXPECT_THAT(refused.cause, HasSubstr("127.0.0.1 port " + std::to_string(where.port())));
}

}  // namespace
}  // namespace beckon::relay
