#include "localbus/own_addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

std::vector<std::string> urls(const std::string& bound) {
  std::vector<std::string> out;
  for (const auto& endpoint : dialable(Endpoint::parse(bound).value())) out.push_back(endpoint.url());
  return out;
}

TEST(OwnAddresses, ofAnAddressIsThatAddress) {
  for (const std::string url :
       {"tcp://127.0.0.1:9559", "tcps://robot.example:9503", "tcp://[::1]:9559", "unix:///run/beckon/a.sock"})
    EXPECT_THAT(urls(url), ElementsAre(url));
}

// Whoever dials 0.0.0.0 reaches himself.
TEST(OwnAddresses, ofAllAreThoseOfTheInterfacesWithLoopbackFirst) {
  const auto found = urls("tcps://0.0.0.0:9503");
  EXPECT_EQ(found.front(), "tcps://127.0.0.1:9503");
  EXPECT_THAT(found, Not(Contains("tcps://0.0.0.0:9503")));
  for (const auto& url : found) EXPECT_EQ(url.find('['), url.npos) << url;
}

TEST(OwnAddresses, ofAllOfIpV6AreThoseOfIpV4Too) {
  const auto found = urls("tcp://[::]:9559");
  EXPECT_THAT(found, Contains("tcp://127.0.0.1:9559"));
  EXPECT_THAT(found, Not(Contains("tcp://[::]:9559")));
}

}  // namespace
}  // namespace beckon::localbus
