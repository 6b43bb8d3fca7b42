#include "localbus/listener.hpp"

#include "tests/localbus/sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

namespace beckon::localbus {
namespace {

using run::Code;
using test::Loop;
using test::RawPeer;
using test::SampleBus;

TEST(Listener, takesAFreePortAndSaysWhich) {
  SampleBus bus;
  EXPECT_EQ(bus.endpoint.host, "127.0.0.1");
  EXPECT_NE(bus.endpoint.port, 0);
}

TEST(Listener, refusesAnAddressThatIsTaken) {
  SampleBus bus;
  Listener second(bus.loop.io, bus.host, {}, bus.log);
  const auto result = second.start(bus.endpoint);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::unreachable);
  EXPECT_EQ(result.error().cause, "cannot listen on " + bus.endpoint.url() + ": Address already in use");
  EXPECT_EQ(result.error().nextStep, "stop what listens there, or choose another port");
}

TEST(Listener, refusesAnAddressOfSomebodyElse) {
  Loop loop;
  ObjectHost host;
  Listener listener(loop.io, host, {}, run::silentLog());
  EXPECT_EQ(listener.start({"192.0.2.1", 0}).error().nextStep,
            "choose an address of this computer and a port above 1023");
  EXPECT_EQ(listener.start({"no-such-host.invalid", 0}).error().nextStep,
            "give an address of this computer, such as 127.0.0.1");
  EXPECT_TRUE(listener.start({"127.0.0.1", 0}));
}

TEST(Listener, leavesAFileThatHasThePathOfItsUnixSocketAlone) {
  const test::TemporaryFolder folder;
  const auto endpoint = Endpoint::unixSocket((folder.path() / "mine").string());
  std::ofstream(endpoint.path) << "precious";
  SampleBus bus;
  const auto refused = bus.listener.start(endpoint);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, "cannot listen on " + endpoint.url() + ": Address already in use");
  EXPECT_EQ(std::filesystem::file_size(endpoint.path), 8u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Listener, closesItsConnectionsWhenItStops) {
  SampleBus bus;
  RawPeer peer(bus.loop, bus.endpoint);
  peer.authenticate();
  bus.listener.stop();
  EXPECT_TRUE(peer.closes());
  EXPECT_EQ(bus.host.ended, 1);
  EXPECT_THROW(RawPeer(bus.loop, bus.endpoint), boost::system::system_error);
}

TEST(Listener, servesOnAfterTenThousandPeersThatConnectAndReset) {
  SampleBus bus;
  for (int i = 0; i < 10'000; ++i) {
    RawPeer peer(bus.loop, bus.endpoint);
    if (i % 3 == 1) peer.call({0, 0, 8});
    if (i % 3 == 2) bus.loop.poll();
    peer.reset();
  }
  RawPeer normal(bus.loop, bus.endpoint);
  normal.authenticate();
  EXPECT_EQ(normal.ask(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 1, 2)).as<int>(), 3);
  EXPECT_TRUE(bus.loop.runUntil([&] { return bus.host.ended == 10'000; })) << bus.host.ended;
}

// Peers of one address that connect and say nothing.
class SilentPeers {
 public:
  SilentPeers(Loop& loop, const Endpoint& to) : loop_(loop), to_(to) {}
  void connect(const std::string& from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      RawPeer::Tcp::socket socket(loop_.io, RawPeer::Tcp::v4());
      socket.bind({boost::asio::ip::make_address(from), 0});
      socket.connect({boost::asio::ip::make_address(to_.host), to_.port});
      sockets_.push_back(std::move(socket));
      if (i % 64 == 0) loop_.poll();
    }
    loop_.poll();
  }
  // How many are not closed.
  std::size_t count() {
    loop_.poll();
    std::size_t open = 0;
    for (auto& socket : sockets_) {
      char byte = 0;
      const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) ++open;
    }
    return open;
  }

 private:
  Loop& loop_;
  Endpoint to_;
  std::vector<RawPeer::Tcp::socket> sockets_;
};

bool isServed(SampleBus& bus) {
  RawPeer honest(bus.loop, bus.endpoint);
  honest.authenticate();
  return honest.ask(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 1, 2)).as<int>() == 3;
}

TEST(Listener, servesOnAmongFiveThousandSilentPeersOfSeveralAddresses) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, 8192);
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  SampleBus bus;
  SilentPeers silent(bus.loop, bus.endpoint);
  for (int i = 2; i < 22; ++i) silent.connect("127.0.0." + std::to_string(i), 250);
  EXPECT_TRUE(bus.loop.runUntil([&] { return silent.count() <= qi::limits::maxUnauthenticated; })) << silent.count();
  EXPECT_GT(silent.count(), qi::limits::maxUnauthenticated - 300);
  EXPECT_TRUE(isServed(bus));
}

TEST(Listener, servesOnAmongSilentPeersOfTheSameAddress) {
  SampleBus bus;
  SilentPeers silent(bus.loop, bus.endpoint);
  silent.connect("127.0.0.1", 600);
  EXPECT_TRUE(bus.loop.runUntil([&] { return silent.count() <= qi::limits::maxUnauthenticatedOfAddress; }))
      << silent.count();
  EXPECT_TRUE(isServed(bus));
}

TEST(Listener, countsOnlyThoseThatHaveNotAuthenticated) {
  SampleBus bus;
  std::vector<std::shared_ptr<Connection>> kept;
  for (std::size_t i = 0; i < qi::limits::maxUnauthenticatedOfAddress + 20; ++i) kept.push_back(bus.connect());
  bus.loop.poll();
  for (const auto& connection : kept) EXPECT_TRUE(connection->isReady());
}

}  // namespace
}  // namespace beckon::localbus
