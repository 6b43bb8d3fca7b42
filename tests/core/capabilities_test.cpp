#include "core/qi/capabilities.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

Capabilities between(const CapabilityMap& own, const CapabilityMap& remote) {
  Capabilities capabilities(own);
  capabilities.addRemote(remote);
  return capabilities;
}

TEST(Capabilities, areSharedOnlyIfBothEndsHaveThem) {
  EXPECT_TRUE(between({{"A", dynamic(true)}}, {{"A", dynamic(true)}}).shared("A"));
  EXPECT_FALSE(between({{"A", dynamic(true)}}, {{"A", dynamic(false)}}).shared("A"));
  EXPECT_FALSE(between({{"A", dynamic(false)}}, {{"A", dynamic(true)}}).shared("A"));
  EXPECT_FALSE(between({{"A", dynamic(true)}}, {}).shared("A"));
  EXPECT_FALSE(between({}, {{"A", dynamic(true)}}).shared("A"));
  EXPECT_FALSE(between({}, {}).shared("A"));
}

TEST(Capabilities, mayBeNumbersOfAnyTypeButNotText) {
  for (const Value& value : {Value(1), Value(std::uint8_t{1}), Value(std::int64_t{7}), Value(1.0), dynamic(dynamic(1))})
    EXPECT_TRUE(between({{"A", dynamic(true)}}, {{"A", value}}).shared("A"));
  for (const Value& value : {Value(0), Value("1"), Value("true"), Value(Dynamic{}), Value()})
    EXPECT_FALSE(between({{"A", dynamic(true)}}, {{"A", value}}).shared("A"));
}

TEST(Capabilities, canBeAskedOfThePeerAlone) {
  const auto capabilities = between({{"MessageFlags", dynamic(false)}}, {{"MessageFlags", dynamic(true)}});
  EXPECT_TRUE(capabilities.remote(capability::messageFlags));
  EXPECT_FALSE(capabilities.shared(capability::messageFlags));
  EXPECT_FALSE(between({{"MessageFlags", dynamic(true)}}, {}).remote(capability::messageFlags));
}

TEST(Capabilities, keepTheFirstValueThatThePeerSent) {
  Capabilities capabilities({{"A", dynamic(true)}, {"B", dynamic(true)}});
  capabilities.addRemote({{"A", dynamic(false)}});
  capabilities.addRemote({{"A", dynamic(true)}, {"B", dynamic(true)}});
  EXPECT_FALSE(capabilities.shared("A"));
  EXPECT_TRUE(capabilities.shared("B"));
}

TEST(Capabilities, keepNothingThatWeDoNotHaveOurselves) {
  const auto capabilities = between(
      {{"A", dynamic(true)}},
      {{"A", dynamic(true)}, {"B", dynamic(true)}, {"auth_user", dynamic(1)}, {"__qi_auth_state", dynamic(3u)}});
  EXPECT_TRUE(capabilities.remote("A"));
  EXPECT_FALSE(capabilities.remote("B"));
  EXPECT_FALSE(capabilities.remote("auth_user"));
  EXPECT_FALSE(capabilities.remote("__qi_auth_state"));
}

TEST(Capabilities, decideHowObjectsAreWritten) {
  const CapabilityMap on{{"MetaObjectCache", dynamic(true)}, {"ObjectPtrUID", dynamic(true)}};
  const CapabilityMap off{{"MetaObjectCache", dynamic(false)}, {"ObjectPtrUID", dynamic(false)}};
  EXPECT_TRUE(between(on, on).objectFormat().metaObjectCache);
  EXPECT_TRUE(between(on, on).objectFormat().uid);
  EXPECT_FALSE(between(on, off).objectFormat().metaObjectCache);
  EXPECT_FALSE(between(off, on).objectFormat().uid);
  EXPECT_FALSE(between(on, {}).objectFormat().uid);
}

TEST(Capabilities, ofOursAreBoolsAndLeaveOutRelativeEndpoints) {
  const auto own = ownCapabilities();
  EXPECT_EQ(own.size(), 6u);
  for (const auto& [name, value] : own) EXPECT_TRUE(value.inner().as<bool>()) << name;
  const auto capabilities = between(own, own);
  EXPECT_TRUE(capabilities.shared(capability::clientServerSocket));
  EXPECT_TRUE(capabilities.shared(capability::messageFlags));
  EXPECT_TRUE(capabilities.shared(capability::objectPtrUid));
  EXPECT_TRUE(capabilities.shared(capability::remoteCancelableCalls));
  EXPECT_FALSE(capabilities.shared(capability::metaObjectCache));
  EXPECT_FALSE(capabilities.shared(capability::relativeEndpointUri));
}

TEST(Capabilities, ofOursAloneAreToldOnlyToThoseWhoToldThem) {
  const CapabilityMap own{{"MessageFlags", dynamic(true)}, {capability::beckonNumbers, dynamic(true)}};
  EXPECT_FALSE(between(own, {{"MessageFlags", dynamic(true)}}).answered().contains(capability::beckonNumbers));
  EXPECT_TRUE(between(own, {{"MessageFlags", dynamic(true)}}).answered().contains("MessageFlags"));
  EXPECT_TRUE(
      between(own, {{capability::beckonNumbers, dynamic(true)}}).answered().contains(capability::beckonNumbers));
}

TEST(Capabilities, decideHowObjectsAreWrittenAlsoBeforeThePeerSentAny) {
  EXPECT_FALSE(Capabilities(ownCapabilities()).objectFormat().uid);
  EXPECT_FALSE(Capabilities(ownCapabilities()).objectFormat().metaObjectCache);
}

}  // namespace
}  // namespace beckon::qi
