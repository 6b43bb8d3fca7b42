#include "directory/registry.hpp"

#include "core/qi/limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::directory {
namespace {

using run::Code;
using testing::ElementsAre;
using testing::IsEmpty;
using Change = Registry::Change;

constexpr Registry::Owner mine = 1, notMine = 2;

ServiceInfo serviceNamed(const std::string& name) {
  return {name, 0, "machine", 42, {"tcp://127.0.0.1:9600"}, "session", {}};
}

class RegistryTest : public testing::Test {
 protected:
  std::uint32_t addReady(const std::string& name, Registry::Owner owner) {
    const auto id = registry.add(serviceNamed(name), owner).value();
    EXPECT_TRUE(registry.ready(id, owner));
    return id;
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& service : registry.list()) all.push_back(service.name);
    return all;
  }
  Registry registry;
};

TEST_F(RegistryTest, givesIdsFromOneOn) {
  EXPECT_EQ(registry.add(serviceNamed("A"), mine).value(), 1u);
  EXPECT_EQ(registry.add(serviceNamed("B"), notMine).value(), 2u);
}

TEST_F(RegistryTest, neverGivesAnIdTwice) {
  const auto first = addReady("A", mine);
  registry.remove(first, mine);
  EXPECT_EQ(registry.add(serviceNamed("A"), mine).value(), first + 1);
  registry.removeOwner(mine);
  EXPECT_EQ(registry.add(serviceNamed("A"), mine).value(), first + 2);
}

TEST_F(RegistryTest, spendsNoIdOnARefusal) {
  addReady("A", mine);
  EXPECT_FALSE(registry.add(serviceNamed("A"), notMine));
  EXPECT_FALSE(registry.add(serviceNamed(""), mine));
  EXPECT_EQ(registry.add(serviceNamed("B"), mine).value(), 2u);
}

TEST_F(RegistryTest, setsTheIdItself) {
  auto claimed = serviceNamed("A");
  claimed.serviceId = 99;
  const auto id = registry.add(claimed, mine).value();
  registry.ready(id, mine);
  EXPECT_EQ(registry.find("A").value().serviceId, id);
}

TEST_F(RegistryTest, hidesAServiceUntilItIsReady) {
  const auto id = registry.add(serviceNamed("A"), mine).value();
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(registry.find("A").error().cause, "Cannot find service 'A' in index");
  EXPECT_EQ(registry.ready(id, mine).value(), (Change{Change::Kind::added, id, "A"}));
  EXPECT_THAT(names(), ElementsAre("A"));
  EXPECT_EQ(registry.find("A").value().endpoints, serviceNamed("A").endpoints);
}

TEST_F(RegistryTest, reservesANameFromItsRegistrationOn) {
  registry.add(serviceNamed("A"), mine);
  const auto second = registry.add(serviceNamed("A"), mine);
  EXPECT_EQ(second.error().code, Code::nameTaken);
  EXPECT_EQ(second.error().cause,
            "Service \"A\" (#1) is already registered. Rejecting conflicting registration attempt.");
}

TEST_F(RegistryTest, freesANameWithItsRegistration) {
  registry.remove(addReady("A", mine), mine);
  EXPECT_TRUE(registry.add(serviceNamed("A"), notMine));
}

TEST_F(RegistryTest, refusesANamelessService) {
  EXPECT_EQ(registry.add(serviceNamed(""), mine).error().code, Code::invalidArgument);
}

TEST_F(RegistryTest, refusesEndpointsThatAreNoUris) {
  for (const char* bad : {"", "not a uri", "127.0.0.1:9559"}) {
    auto wrong = serviceNamed("A");
    wrong.endpoints.push_back(bad);
    const auto result = registry.add(wrong, mine);
    EXPECT_EQ(result.error().code, Code::invalidArgument);
    EXPECT_EQ(result.error().cause, "\"" + std::string(bad) + "\" is not a valid URI");
  }
}

TEST_F(RegistryTest, keepsEndpointsOfOtherSchemes) {
  auto exotic = serviceNamed("A");
  exotic.endpoints = {"unix:///run/a.sock", "tcps://10.0.0.1:9503", "qi:A", "quic://[::1]:4"};
  registry.ready(registry.add(exotic, mine).value(), mine);
  EXPECT_EQ(registry.find("A").value().endpoints, exotic.endpoints);
}

TEST_F(RegistryTest, makesReadyOnce) {
  const auto id = addReady("A", mine);
  EXPECT_EQ(registry.ready(id, mine).error().cause, "Can't find pending service #1");
  EXPECT_EQ(registry.ready(99, mine).error().cause, "Can't find pending service #99");
  EXPECT_EQ(registry.ready(99, mine).error().code, Code::unknownService);
}

TEST_F(RegistryTest, removesReadyAndPendingServices) {
  const auto ready = addReady("A", mine);
  const auto pending = registry.add(serviceNamed("B"), mine).value();
  EXPECT_EQ(registry.remove(ready, mine).value(), (Change{Change::Kind::removed, ready, "A"}));
  EXPECT_EQ(registry.remove(pending, mine).value(), (Change{Change::Kind::removed, pending, "B"}));
  EXPECT_EQ(registry.remove(ready, mine).error().cause, "Unregister Service: Can't find service #1");
}

TEST_F(RegistryTest, letsOnlyTheOwnerChangeAnything) {
  const auto ready = addReady("A", mine);
  const auto pending = registry.add(serviceNamed("B"), mine).value();
  auto stolen = serviceNamed("A");
  stolen.serviceId = ready;
  stolen.endpoints = {"tcp://10.6.6.6:1"};
  for (const auto& error : {registry.remove(ready, notMine).error(), registry.ready(pending, notMine).error(),
                            registry.update(stolen, notMine).error()}) {
    EXPECT_EQ(error.code, Code::notOwner);
    EXPECT_EQ(error.nextStep, "only the program that registered a service may change or end it");
  }
  EXPECT_THAT(names(), ElementsAre("A"));
  EXPECT_EQ(registry.find("A").value().endpoints, serviceNamed("A").endpoints);
  EXPECT_TRUE(registry.ready(pending, mine));
}

TEST_F(RegistryTest, updatesAnEntryAndTheEndpointsOfItsSession) {
  const auto first = addReady("A", mine);
  addReady("B", mine);
  auto otherSession = serviceNamed("C");
  otherSession.sessionId = "another";
  registry.ready(registry.add(otherSession, mine).value(), mine);
  addReady("D", notMine);

  auto changed = serviceNamed("A");
  changed.serviceId = first;
  changed.processId = 43;
  changed.endpoints = {"tcp://10.0.0.2:9600"};
  ASSERT_TRUE(registry.update(changed, mine));
  EXPECT_EQ(registry.find("A").value(), changed);
  EXPECT_EQ(registry.find("B").value().endpoints, changed.endpoints);
  EXPECT_EQ(registry.find("B").value().processId, 42u);
  EXPECT_EQ(registry.find("C").value().endpoints, serviceNamed("C").endpoints);
  EXPECT_EQ(registry.find("D").value().endpoints, serviceNamed("D").endpoints);
}

TEST_F(RegistryTest, refusesAnUpdateThatIsNone) {
  auto changed = serviceNamed("A");
  changed.serviceId = addReady("A", mine);
  changed.name = "B";
  EXPECT_EQ(registry.update(changed, mine).error().cause, "a service cannot be renamed");
  changed = serviceNamed("A");
  changed.serviceId = 99;
  EXPECT_EQ(registry.update(changed, mine).error().cause, "updateServiceInfo: Can't find service #99");
  changed.serviceId = 1;
  changed.endpoints = {"not a uri"};
  EXPECT_EQ(registry.update(changed, mine).error().code, Code::invalidArgument);
  EXPECT_EQ(registry.find("A").value().endpoints, serviceNamed("A").endpoints);
}

TEST_F(RegistryTest, removesWhatAnOwnerHadInTheOrderOfRegistration) {
  addReady("B", mine);
  addReady("C", notMine);
  registry.add(serviceNamed("D"), mine);
  addReady("A", mine);
  EXPECT_THAT(registry.removeOwner(mine),
              ElementsAre(Change{Change::Kind::removed, 1, "B"}, Change{Change::Kind::removed, 3, "D"},
                          Change{Change::Kind::removed, 4, "A"}));
  EXPECT_THAT(names(), ElementsAre("C"));
  EXPECT_TRUE(registry.add(serviceNamed("D"), notMine));
  EXPECT_THAT(registry.removeOwner(mine), IsEmpty());
}

TEST_F(RegistryTest, listsById) {
  addReady("C", mine);
  addReady("A", mine);
  addReady("B", mine);
  EXPECT_THAT(names(), ElementsAre("C", "A", "B"));
}

TEST_F(RegistryTest, refusesMoreThanOneConnectionMayRegister) {
  for (std::size_t i = 0; i < qi::limits::maxRegistrations; ++i)
    ASSERT_TRUE(registry.add(serviceNamed("S" + std::to_string(i)), mine));
  EXPECT_EQ(registry.add(serviceNamed("More"), mine).error().code, Code::overloaded);
  EXPECT_TRUE(registry.add(serviceNamed("More"), notMine));
  registry.remove(7, mine);
  EXPECT_TRUE(registry.add(serviceNamed("Again"), mine));
}

TEST_F(RegistryTest, refusesAnEntryThatIsTooLarge) {
  auto large = serviceNamed("A");
  large.endpoints = {"tcp://" + std::string(qi::limits::maxServiceInfo, 'a') + ":1"};
  EXPECT_EQ(registry.add(large, mine).error().code, Code::tooLarge);
  auto changed = serviceNamed("A");
  changed.serviceId = addReady("A", mine);
  changed.endpoints = large.endpoints;
  EXPECT_EQ(registry.update(changed, mine).error().code, Code::tooLarge);
}

}  // namespace
}  // namespace beckon::directory
