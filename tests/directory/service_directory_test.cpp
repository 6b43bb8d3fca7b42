#include "directory/service_directory.hpp"

#include "core/run/uuid.hpp"
#include "tests/core/hex.hpp"
#include "tests/directory/bus.hpp"
#include "tests/support/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

// The directory as the wire sees it.
namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using qi::MessageType;
using test::Bus;
using test::Frame;
using test::info;
using test::RawPeer;
using testing::ElementsAre;
using testing::HasSubstr;
namespace member = test::member;
using Named = std::tuple<std::uint32_t, std::string>;

class ServiceDirectoryTest : public testing::Test {
 protected:
  template <class... Args>
  static Frame ask(RawPeer& peer, std::uint32_t action, const Args&... args) {
    return peer.ask(Bus::member(action), qi::encodeAll({}, args...));
  }
  static std::uint32_t add(RawPeer& peer, const std::string& name) {
    return ask(peer, member::registerService, info(name)).as<std::uint32_t>();
  }
  static std::uint32_t addReady(RawPeer& peer, const std::string& name) {
    const auto id = add(peer, name);
    EXPECT_EQ(ask(peer, member::serviceReady, id).header.type, MessageType::reply);
    return id;
  }
  static void watch(RawPeer& peer) {
    for (const auto signal : {member::serviceAdded, member::serviceRemoved})
      ask(peer, qi::action::registerEvent, qi::directoryService, signal, std::uint64_t{signal});
  }
  static std::vector<std::string> names(RawPeer& peer) {
    std::vector<std::string> all;
    for (const auto& service : ask(peer, member::services).as<std::vector<ServiceInfo>>()) all.push_back(service.name);
    return all;
  }
  // The next message, which is an event of that signal.
  static Named event(RawPeer& peer, std::uint32_t signal) {
    const auto frame = peer.message();
    EXPECT_EQ(frame.header.type, MessageType::event);
    EXPECT_EQ(frame.header.address, Bus::member(signal));
    return frame.as<Named>();
  }

  Bus bus;
  RawPeer provider = bus.peer();
  RawPeer other = bus.peer();
};

TEST_F(ServiceDirectoryTest, hasTheMembersOfLibqisDirectoryUnderTheirIds) {
  std::ifstream stream(beckon::test::sourceFolder() / "tests/data/qi/01_connect.json");
  const auto recorded = nlohmann::json::parse(stream);
  const auto& message = recorded.at("messages").at(4);
  ASSERT_EQ(message.at("header").at("action"), qi::action::metaObject);
  const auto theirs =
      qi::decode<qi::MetaObject>(qi::test::fromHex(message.at("payload_hex").get<std::string>())).value();
  const auto ours = ask(provider, qi::action::metaObject, std::uint32_t{0}).as<qi::MetaObject>();
  for (std::uint32_t id = 100; id <= 108; ++id) {
    const bool isSignal = id == member::serviceAdded || id == member::serviceRemoved;
    if (isSignal) {
      EXPECT_EQ(ours.signals.at(id), theirs.signals.at(id)) << id;
    } else {
      EXPECT_EQ(ours.methods.at(id), theirs.methods.at(id)) << id;
    }
  }
  for (const std::uint32_t id : {0, 1, 2, 3, 5, 6, 7, 8}) EXPECT_EQ(ours.methods.at(id), theirs.methods.at(id)) << id;
  EXPECT_EQ(ours.methods.rbegin()->first, 108u);
}

TEST_F(ServiceDirectoryTest, isItsOwnFirstService) {
  const auto services = ask(provider, member::services).as<std::vector<ServiceInfo>>();
  ASSERT_EQ(services.size(), 1u);
  const auto& own = services[0];
  EXPECT_EQ(own.name, "ServiceDirectory");
  EXPECT_EQ(own.serviceId, 1u);
  EXPECT_EQ(own.machineId, test::machineId);
  EXPECT_EQ(own.processId, static_cast<std::uint32_t>(::getpid()));
  EXPECT_THAT(own.endpoints, ElementsAre(bus.endpoint.url()));
  EXPECT_EQ(own.sessionId, "0");
  EXPECT_EQ(ask(provider, member::service, std::string("ServiceDirectory")).as<ServiceInfo>(), own);
  EXPECT_EQ(ask(provider, member::machineId).as<std::string>(), test::machineId);
}

TEST_F(ServiceDirectoryTest, listensWhereverItIsToldToAndListsAllOfThem) {
  const auto second = bus.directory.start({"127.0.0.2", 0}).value();
  const auto all = bus.directory.start({"0.0.0.0", 0}).value();
  EXPECT_EQ(all.host, "0.0.0.0");
  const auto own = ask(provider, member::service, std::string("ServiceDirectory")).as<ServiceInfo>();
  ASSERT_GE(own.endpoints.size(), 3u);
  EXPECT_EQ(own.endpoints[0], bus.endpoint.url());
  EXPECT_EQ(own.endpoints[1], second.url());
  EXPECT_EQ(own.endpoints[2], "tcp://127.0.0.1:" + std::to_string(all.port)) << "nobody can dial 0.0.0.0";
  RawPeer there(bus.loop, second);
  there.authenticate();
  EXPECT_EQ(ask(there, member::machineId).as<std::string>(), test::machineId);
}

TEST_F(ServiceDirectoryTest, listsAServiceFromReadyOnAndTellsEverybodyBeforeTheReply) {
  watch(provider);
  watch(other);
  const auto id = add(provider, "Vec");
  EXPECT_EQ(id, 2u);
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory"));
  EXPECT_EQ(ask(other, member::service, std::string("Vec")).errorText(), "Cannot find service 'Vec' in index");

  const auto call = provider.call(Bus::member(member::serviceReady), qi::encode(id));
  EXPECT_EQ(event(provider, member::serviceAdded), Named(id, "Vec"));
  EXPECT_EQ(provider.message().header.id, call);
  EXPECT_EQ(event(other, member::serviceAdded), Named(id, "Vec"));
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "Vec"));
  auto expected = info("Vec");
  expected.serviceId = id;
  EXPECT_EQ(ask(other, member::service, std::string("Vec")).as<ServiceInfo>(), expected);
}

TEST_F(ServiceDirectoryTest, unregistersAndTellsEverybodyBeforeTheReply) {
  const auto id = addReady(provider, "Vec");
  watch(provider);
  watch(other);
  const auto call = provider.call(Bus::member(member::unregisterService), qi::encode(id));
  EXPECT_EQ(event(provider, member::serviceRemoved), Named(id, "Vec"));
  EXPECT_EQ(provider.message().header.id, call);
  EXPECT_EQ(event(other, member::serviceRemoved), Named(id, "Vec"));
  EXPECT_EQ(ask(provider, member::unregisterService, id).errorText(), "Unregister Service: Can't find service #2");
  EXPECT_EQ(add(provider, "Vec"), id + 1);
}

TEST_F(ServiceDirectoryTest, refusesATakenName) {
  addReady(provider, "Vec");
  EXPECT_EQ(ask(other, member::registerService, info("Vec")).errorText(),
            "Service \"Vec\" (#2) is already registered. Rejecting conflicting registration attempt.");
  EXPECT_EQ(ask(other, member::registerService, info("ServiceDirectory")).errorText(),
            "Service \"ServiceDirectory\" (#1) is already registered. Rejecting conflicting registration attempt.");
}

TEST_F(ServiceDirectoryTest, letsNoStrangerTouchARegistration) {
  const auto id = addReady(provider, "Vec");
  const auto pending = add(provider, "Later");
  auto stolen = info("Vec", "tcp://10.6.6.6:1");
  stolen.serviceId = id;
  EXPECT_EQ(ask(other, member::unregisterService, id).errorText(), "service #2 was registered by another connection");
  EXPECT_EQ(ask(other, member::updateServiceInfo, stolen).errorText(),
            "service #2 was registered by another connection");
  EXPECT_EQ(ask(other, member::serviceReady, pending).errorText(), "service #3 was registered by another connection");
  EXPECT_EQ(ask(other, member::unregisterService, std::uint32_t{1}).errorText(),
            "service #1 was registered by another connection");
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "Vec"));
  EXPECT_EQ(ask(other, member::service, std::string("Vec")).as<ServiceInfo>().endpoints, info("Vec").endpoints);
}

TEST_F(ServiceDirectoryTest, letsTheOwnerUpdateItsEndpoints) {
  auto moved = info("Vec", "tcp://10.0.0.2:1");
  moved.serviceId = addReady(provider, "Vec");
  EXPECT_EQ(ask(provider, member::updateServiceInfo, moved).header.type, MessageType::reply);
  EXPECT_EQ(ask(other, member::service, std::string("Vec")).as<ServiceInfo>(), moved);
}

TEST_F(ServiceDirectoryTest, removesWhatAConnectionRegisteredWhenItCloses) {
  addReady(provider, "B");
  addReady(provider, "A");
  add(provider, "Pending");
  watch(other);
  const auto begun = std::chrono::steady_clock::now();
  provider.close();
  EXPECT_EQ(event(other, member::serviceRemoved), Named(2, "B"));
  EXPECT_EQ(event(other, member::serviceRemoved), Named(3, "A"));
  EXPECT_EQ(event(other, member::serviceRemoved), Named(4, "Pending"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory"));
}

TEST_F(ServiceDirectoryTest, removesThemOnAResetToo) {
  addReady(provider, "Vec");
  watch(other);
  provider.reset();
  EXPECT_EQ(event(other, member::serviceRemoved), Named(2, "Vec"));
}

TEST_F(ServiceDirectoryTest, refusesEndpointsThatAreNoUris) {
  const auto answer = ask(provider, member::registerService, info("Bad", "not a uri"));
  EXPECT_EQ(answer.header.type, MessageType::error);
  EXPECT_THAT(answer.errorText(), HasSubstr("\"not a uri\" is not a valid URI"));
  EXPECT_EQ(add(provider, "Good"), 2u);
}

TEST_F(ServiceDirectoryTest, offersServicesOfItsOwnProcess) {
  auto peer = bus.peer();
  watch(peer);
  const test::Sample sample;
  const auto id = bus.directory.add("Inside", sample.object).value();
  EXPECT_EQ(event(peer, member::serviceAdded), Named(id, "Inside"));
  const auto listed = ask(peer, member::service, std::string("Inside")).as<ServiceInfo>();
  EXPECT_THAT(listed.endpoints, ElementsAre(bus.endpoint.url()));
  EXPECT_EQ(peer.ask({id, qi::mainObject, sample.ids.add}, qi::encodeAll({}, 2, 40)).as<std::int32_t>(), 42);
  EXPECT_EQ(bus.directory.add("Inside", sample.object).error().code, run::Code::nameTaken);
}

TEST_F(ServiceDirectoryTest, callsAServiceOverTheConnectionThatRegisteredIt) {
  const auto session = bus.session();
  const test::Sample sample;
  bus.loop.await(session->registerService("Sample", sample.object)).value();
  const auto object = bus.loop.await(bus.directory.service("Sample")).value();
  const auto sum = bus.loop.await(object->call("add", test::tuple(20, 22)));
  EXPECT_EQ(qi::fromValue<int>(sum.value()).value(), 42);
  EXPECT_EQ(bus.loop.await(bus.directory.service("None")).error().code, run::Code::unknownService);
  EXPECT_EQ(bus.loop.await(bus.directory.service("ServiceDirectory")).error().code, run::Code::unreachable);
  session->close();
}

TEST_F(ServiceDirectoryTest, doesNotCallPeersThatTakeNoCallsOnTheirConnection) {
  RawPeer old(bus.loop, bus.endpoint);
  auto capabilities = qi::ownCapabilities();
  capabilities.erase(qi::capability::clientServerSocket);
  old.authenticate(capabilities);
  addReady(old, "Old");
  EXPECT_EQ(bus.loop.await(bus.directory.service("Old")).error().code, run::Code::unreachable);
}

// A peer that tells that secret.
RawPeer resuming(Bus& bus, const std::string& secret) {
  RawPeer peer(bus.loop, bus.endpoint);
  auto capabilities = qi::ownCapabilities();
  capabilities.emplace(qi::capability::beckonResume, qi::dynamic(secret));
  peer.authenticate(capabilities);
  return peer;
}

TEST_F(ServiceDirectoryTest, letsASessionTakeOverItsOwnStaleName) {
  const std::string secret(72, 's');
  auto stale = resuming(bus, secret);
  addReady(stale, "Vec");
  watch(other);
  auto again = resuming(bus, secret);
  EXPECT_TRUE(stale.closes());
  EXPECT_EQ(event(other, member::serviceRemoved), Named(2, "Vec"));
  addReady(again, "Vec");
  EXPECT_EQ(event(other, member::serviceAdded), Named(3, "Vec"));
  stale.close();
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "Vec"));
}

TEST_F(ServiceDirectoryTest, letsNoStrangerTakeOverAName) {
  auto first = resuming(bus, std::string(72, 's'));
  addReady(first, "Vec");
  auto stranger = resuming(bus, std::string(72, 't'));
  EXPECT_THAT(ask(stranger, member::registerService, info("Vec")).errorText(), HasSubstr("already registered"));
  EXPECT_THAT(ask(other, member::registerService, info("Vec")).errorText(), HasSubstr("already registered"));
  // Nor is one that could be guessed looked at.
  auto weak = resuming(bus, "1");
  addReady(weak, "Weak");
  auto guessing = resuming(bus, "1");
  EXPECT_THAT(names(guessing), ElementsAre("ServiceDirectory", "Vec", "Weak"));
}

TEST_F(ServiceDirectoryTest, tellsNobodyTheSecretOfASession) {
  const std::string secret(72, 's');
  auto first = resuming(bus, secret);
  RawPeer peer(bus.loop, bus.endpoint);
  const auto told = peer.authenticate().as<qi::CapabilityMap>();
  EXPECT_FALSE(told.contains(qi::capability::beckonResume));
}

TEST_F(ServiceDirectoryTest, takesItsNumbersFromWhereTheyAreKept) {
  const auto file = std::filesystem::temp_directory_path() / ("beckon-ids-" + run::makeUuid());
  std::vector<std::uint32_t> given;
  for (int start = 0; start < 2; ++start) {
    ServiceDirectory directory(bus.loop.io, test::machineId, run::silentLog(), {}, qi::ownCapabilities(),
                               ServiceIds::open(file).value());
    const auto endpoint = directory.start({"127.0.0.1", 0}).value();
    RawPeer peer(bus.loop, endpoint);
    peer.authenticate();
    EXPECT_EQ(ask(peer, member::service, std::string("ServiceDirectory")).as<ServiceInfo>().serviceId, 1u);
    given.push_back(add(peer, "Vec"));
  }
  std::filesystem::remove(file);
  EXPECT_THAT(given, ElementsAre(2, 2 + ServiceIds::block));
}

TEST_F(ServiceDirectoryTest, saysWhereItCannotListen) {
  ServiceDirectory second(bus.loop.io, test::machineId, run::silentLog());
  EXPECT_EQ(second.start(bus.endpoint).error().code, run::Code::unreachable);
}

class ForeseenNumbersTest : public ServiceDirectoryTest {
 protected:
  static qi::CapabilityMap told() {
    auto map = qi::ownCapabilities();
    map.emplace(qi::capability::beckonNumbers, qi::dynamic(true));
    return map;
  }
  static ServiceInfo expecting(const std::string& name, std::uint32_t id) {
    auto out = info(name);
    out.serviceId = id;
    return out;
  }
  RawPeer ours = RawPeer(bus.loop, bus.endpoint);
};

TEST_F(ForeseenNumbersTest, areReadyAtOnce) {
  EXPECT_TRUE(ours.authenticate(told()).as<qi::CapabilityMap>().contains(qi::capability::beckonNumbers));
  watch(other);
  EXPECT_EQ(ask(ours, member::registerService, expecting("One", 2)).as<std::uint32_t>(), 2u);
  EXPECT_EQ(event(other, member::serviceAdded), Named(2, "One"));
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "One"));
  EXPECT_EQ(ask(ours, member::serviceReady, std::uint32_t{2}).errorText(), "Can't find pending service #2");
}

TEST_F(ForeseenNumbersTest, thatSomebodyElseHasLeaveTheServicePending) {
  ours.authenticate(told());
  addReady(other, "Other");
  EXPECT_EQ(ask(ours, member::registerService, expecting("One", 2)).as<std::uint32_t>(), 3u);
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "Other"));
  ask(ours, member::serviceReady, std::uint32_t{3});
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "Other", "One"));
}

TEST_F(ForeseenNumbersTest, ofAPeerThatDidNotTellOfThemMeanNothing) {
  EXPECT_FALSE(ours.authenticate().as<qi::CapabilityMap>().contains(qi::capability::beckonNumbers));
  EXPECT_EQ(ask(ours, member::registerService, expecting("One", 2)).as<std::uint32_t>(), 2u);
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory"));
  ask(ours, member::serviceReady, std::uint32_t{2});
  EXPECT_THAT(names(other), ElementsAre("ServiceDirectory", "One"));
}

}  // namespace
}  // namespace beckon::directory
