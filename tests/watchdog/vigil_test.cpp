#include "apps/watchdog/vigil.hpp"

#include <gtest/gtest.h>

namespace beckon::watchdog {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class VigilTest : public testing::Test {
 protected:
  VigilTest() { vigil.define({{"drive", 2s}, {"arm", 1s}}); }

  Vigil vigil;
  Vigil::Time now{1h};
};

TEST_F(VigilTest, stopsTheRobotWhenTheHeartbeatsCease) {
  EXPECT_EQ(vigil.next(), std::nullopt);
  vigil.held("drive", now);
  now += 1500ms;
  vigil.held("drive", now);
  EXPECT_EQ(vigil.next(), now + 2s);
  EXPECT_EQ(vigil.expire(now + 1999ms), Names());
  EXPECT_EQ(vigil.expire(now + 2s), Names{"drive"});
  EXPECT_EQ(vigil.expire(now + 3s), Names());  // once
  EXPECT_TRUE(vigil.isIdle());
}

TEST_F(VigilTest, doesNotWaitForWhatWasStoppedOrIsNoLeaseAnyMore) {
  vigil.held("drive", now);
  vigil.held("arm", now);
  vigil.end("arm");
  EXPECT_EQ(vigil.next(), now + 2s);
  vigil.define({{"arm", 1s}});
  EXPECT_TRUE(vigil.isIdle());
  vigil.held("drive", now);
  EXPECT_TRUE(vigil.isIdle());
}

}  // namespace
}  // namespace beckon::watchdog
