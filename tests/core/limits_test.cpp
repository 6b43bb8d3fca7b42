#include "core/qi/limits.hpp"

#include "tests/support/places.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace beckon::qi {
namespace {

TEST(Limits, areThoseOfTheDocumentation) {
  std::ifstream page(beckon::test::sourceFolder() / "docs/protocol/limits.md");
  std::map<std::string, std::size_t> documented;
  for (std::string line; std::getline(page, line);) {
    // "| maxDepth | 64 | .."
    std::istringstream cells(line);
    std::string bar, name;
    std::size_t value = 0;
    if (cells >> bar >> name >> bar >> value && name.starts_with("max")) documented[name] = value;
  }
  EXPECT_EQ(documented,
            (std::map<std::string, std::size_t>{{"maxPayloadUnauthenticated", limits::maxPayloadUnauthenticated},
                                                {"maxPayload", limits::maxPayload},
                                                {"maxDepth", limits::maxDepth},
                                                {"maxSignature", limits::maxSignature},
                                                {"maxEmptyElements", limits::maxEmptyElements},
                                                {"maxValues", limits::maxValues},
                                                {"maxObjects", limits::maxObjects},
                                                {"maxMetaObjects", limits::maxMetaObjects},
                                                {"maxConnections", limits::maxConnections},
                                                {"maxUnauthenticated", limits::maxUnauthenticated},
                                                {"maxUnauthenticatedOfAddress", limits::maxUnauthenticatedOfAddress},
                                                {"maxSubscriptions", limits::maxSubscriptions},
                                                {"maxUnanswered", limits::maxUnanswered},
                                                {"maxRegistrations", limits::maxRegistrations},
                                                {"maxServiceInfo", limits::maxServiceInfo},
                                                {"maxPool", limits::maxPool},
                                                {"maxPoolSlabs", limits::maxPoolSlabs}}));
}

}  // namespace
}  // namespace beckon::qi
