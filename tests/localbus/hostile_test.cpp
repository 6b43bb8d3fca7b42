#include "tests/localbus/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <fstream>
#include <sstream>

// Peers that break the protocol, by accident or on purpose.
namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using qi::MessageType;
using test::Loop;
using test::RawPeer;
using test::SampleBus;
using testing::HasSubstr;

// Memory of this process, in bytes: all that it has asked for, and what of that is in use; code that is used for the
// first time counts, too.
struct Memory {
  std::size_t all = 0, resident = 0;
};
Memory memory() {
  std::ifstream statm("/proc/self/statm");
  Memory pages;
  statm >> pages.all >> pages.resident;
  return {pages.all * 4096, pages.resident * 4096};
}
std::size_t residentMemory() { return memory().resident; }

qi::Bytes headerThatAnnounces(std::uint32_t size, qi::Address address = {0, 0, 8}) {
  qi::Header header{1, size, 0, MessageType::call, 0, address};
  const auto bytes = header.encode();
  return {bytes.begin(), bytes.end()};
}

// A bus whose log can be read.
class HostileTest : public testing::Test {
 protected:
  HostileTest() {
    bus.log->sinks() = {std::make_shared<spdlog::sinks::ostream_sink_mt>(logged)};
    bus.log->set_level(spdlog::level::warn);
    bus.log->set_pattern("%v");
  }
  bool othersAreServed() {
    RawPeer other(bus.loop, bus.endpoint);
    other.authenticate();
    return other.ask(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 1, 2)).as<int>() == 3;
  }

  std::ostringstream logged;
  SampleBus bus;
  RawPeer peer{bus.loop, bus.endpoint};
};

TEST_F(HostileTest, badMagicIsClosedAtItsFirstByte) {
  peer.send(qi::Bytes{'G'});
  EXPECT_TRUE(peer.closes());
  EXPECT_THAT(logged.str(), HasSubstr("the peer does not speak the qi protocol (bad magic)"));
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, badMagicIsClosedAfterGoodMessagesToo) {
  peer.authenticate();
  auto bytes = headerThatAnnounces(0, SampleBus::member(bus.sample.ids.nothing));
  bytes[3] ^= 1;
  peer.send(bytes);
  EXPECT_TRUE(peer.closes());
  EXPECT_THAT(logged.str(), HasSubstr("bad magic"));
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, twoGigabytesAnnouncedBeforeAuthenticationAreClosedAndCostNothing) {
  peer.send(headerThatAnnounces(0x7FFFFFF0));
  EXPECT_TRUE(peer.closes());
  const auto before = residentMemory();
  RawPeer another(bus.loop, bus.endpoint);
  another.send(headerThatAnnounces(0x7FFFFFF0));
  EXPECT_TRUE(another.closes());
  EXPECT_LT(residentMemory(), before + 1024 * 1024);
  EXPECT_THAT(logged.str(), HasSubstr("a message announces 2147483632 bytes, the limit is 65536"));
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, moreThan64KiBBeforeAuthenticationIsClosed) {
  peer.send(headerThatAnnounces(64 * 1024 + 1));
  EXPECT_TRUE(peer.closes());
  EXPECT_THAT(logged.str(), HasSubstr("a message announces 65537 bytes, the limit is 65536"));
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, aLargeMessageIsTakenOnceAuthenticated) {
  peer.authenticate();
  const auto answer = peer.ask(SampleBus::member(bus.sample.ids.size), qi::encode(qi::Bytes(3 * 1024 * 1024)));
  EXPECT_EQ(answer.as<std::uint32_t>(), 3u * 1024 * 1024);
}

TEST_F(HostileTest, moreThanTheLimitIsClosedOnceAuthenticatedAndCostsNothing) {
  peer.authenticate();
  const auto before = residentMemory();
  peer.send(headerThatAnnounces(qi::limits::maxPayload + 1, SampleBus::member(bus.sample.ids.size)));
  EXPECT_TRUE(peer.closes());
  EXPECT_THAT(logged.str(), HasSubstr("a message announces 67108865 bytes, the limit is 67108864"));
  EXPECT_LT(residentMemory(), before + 16 * 1024 * 1024);
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, anAnnouncedMessageThatNeverComesCostsWhatArrived) {
  peer.authenticate();
  const auto before = memory();
  std::vector<RawPeer> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.emplace_back(bus.loop, bus.endpoint).authenticate();
    crowd.back().send(headerThatAnnounces(qi::limits::maxPayload, SampleBus::member(bus.sample.ids.size)));
    crowd.back().send(qi::Bytes(1000));
  }
  EXPECT_TRUE(othersAreServed());
  const auto now = memory();
  EXPECT_LT(now.resident, before.resident + 32 * 1024 * 1024);
  EXPECT_LT(now.all, before.all + 256 * 1024 * 1024) << "20 of 64 MiB are announced";
}

TEST_F(HostileTest, aTruncatedMessageIsForgottenWithItsConnection) {
  peer.authenticate();
  auto bytes = headerThatAnnounces(100, SampleBus::member(bus.sample.ids.nothing));
  bytes.resize(bytes.size() + 50);
  peer.send(bytes);
  peer.shutdownSend();
  EXPECT_TRUE(peer.closes());
  EXPECT_EQ(bus.sample.nothings, 0);
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, aMapThatCannotBeReadIsClosedWithoutAnAnswer) {
  peer.call({0, 0, 8}, qi::Bytes{5, 0, 0, 0});
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, soIsALaterOneWhateverFollowsIt) {
  peer.authenticate();
  peer.send({5, 0, 0, MessageType::capability, 0, {}}, qi::Bytes{5, 0, 0, 0});
  peer.send({6, 0, 0, MessageType::post, 0, SampleBus::member(bus.sample.ids.nothing)});
  EXPECT_TRUE(peer.closes());
  EXPECT_EQ(bus.sample.nothings, 0);
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, callsBeforeAuthenticationReachNobody) {
  EXPECT_EQ(peer.ask(SampleBus::member(bus.sample.ids.nothing)).errorText(), "The call request could not be handled.");
  peer.send({9, 0, 0, MessageType::post, 0, SampleBus::member(bus.sample.ids.nothing)});
  peer.authenticate();
  EXPECT_EQ(bus.sample.nothings, 0);
}

TEST_F(HostileTest, tenThousandNestedDynamicsAreRefused) {
  peer.authenticate();
  qi::Bytes payload;
  for (int i = 0; i < 10'000; ++i) payload.insert(payload.end(), {1, 0, 0, 0, 'm'});
  payload.insert(payload.end(), {1, 0, 0, 0, 'v'});
  const auto answer = peer.ask(SampleBus::member(bus.sample.ids.same), payload);
  EXPECT_EQ(answer.header.type, MessageType::error);
  EXPECT_EQ(answer.errorText(), "values nested deeper than 64 levels");
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, aSignatureNestedTenThousandDeepIsRefused) {
  peer.authenticate();
  const auto send = [&](std::size_t depth) {
    return peer.ask(SampleBus::member(bus.sample.ids.same),
                    qi::encode(std::string(depth, '[') + "i" + std::string(depth, ']')));
  };
  EXPECT_EQ(send(10'000).header.type, MessageType::error);
  EXPECT_EQ(send(4'000).header.type, MessageType::error);
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, aPeerThatDoesNotAuthenticateInTimeIsClosed) {
  Socket socket(bus.loop.io.get_executor());
  asio::ip::tcp::acceptor acceptor(bus.loop.io, {asio::ip::address_v4::loopback(), 0});
  RawPeer silent(bus.loop, {"127.0.0.1", acceptor.local_endpoint().port()});
  acceptor.accept(socket);
  const auto connection = Connection::accepted(std::move(socket), {}, &bus.host, bus.log);
  std::optional<run::Error> reason;
  const auto begun = std::chrono::steady_clock::now();
  connection->start([&](run::Result<> ready) { reason = ready.error(); }, 100ms);
  silent.send(headerThatAnnounces(10));  // some bytes are not enough
  EXPECT_TRUE(silent.closes());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  EXPECT_EQ(reason->code, run::Code::timedOut);
  EXPECT_EQ(Connection::authenticationTime, 5s);
}

TEST_F(HostileTest, moreSubscriptionsThanTheLimitAreRefused) {
  peer.authenticate();
  const auto subscribe = [&](std::uint64_t handler) {
    return peer.ask(SampleBus::member(qi::action::registerEvent),
                    qi::encodeAll({}, test::sampleService, bus.sample.ids.ticked, handler));
  };
  for (std::uint64_t i = 0; i < qi::limits::maxSubscriptions; i += 64) {
    for (std::uint64_t j = i; j < i + 64; ++j)
      peer.call(SampleBus::member(qi::action::registerEvent),
                qi::encodeAll({}, test::sampleService, bus.sample.ids.ticked, j));
    for (int j = 0; j < 64; ++j) ASSERT_EQ(peer.message().header.type, MessageType::reply);
  }
  EXPECT_THAT(subscribe(1u << 20).errorText(), HasSubstr("16384 subscriptions, which is the limit"));
  // A place that is given back can be taken.
  peer.ask(SampleBus::member(qi::action::unregisterEvent),
           qi::encodeAll({}, test::sampleService, bus.sample.ids.ticked, std::uint64_t{7}));
  EXPECT_EQ(subscribe(1u << 20).header.type, MessageType::reply);
  EXPECT_EQ(subscribe(1u << 20).header.type, MessageType::reply);  // in place of the same
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostileTest, moreUnansweredCallsThanTheLimitAreRefused) {
  peer.authenticate();
  for (std::size_t i = 0; i < qi::limits::maxUnanswered; ++i)
    peer.call(SampleBus::member(bus.sample.ids.later), qi::encode(1));
  EXPECT_THAT(peer.ask(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 1, 2)).errorText(),
              HasSubstr("16384 calls of this connection wait for their answers"));
  EXPECT_EQ(bus.sample.waiting.size(), qi::limits::maxUnanswered);
  bus.sample.waiting.back().first(5);
  EXPECT_EQ(peer.message().header.type, MessageType::reply);
  EXPECT_EQ(peer.ask(SampleBus::member(bus.sample.ids.add), qi::encodeAll({}, 1, 2)).as<int>(), 3);
  EXPECT_TRUE(othersAreServed());
}

}  // namespace
}  // namespace beckon::localbus
