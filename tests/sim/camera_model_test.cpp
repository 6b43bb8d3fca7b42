#include "apps/sim/camera_model.hpp"

#include "tests/sim/manual_clock.hpp"

#include <gtest/gtest.h>

namespace beckon::sim {
namespace {

constexpr CameraModel::Subscription usual{.camera = 0, .resolution = 1, .colorSpace = 11, .framesPerSecond = 10};

TEST(CameraModel, numbersTheSubscriptionsOfOneName) {
  CameraModel cameras;
  EXPECT_EQ(cameras.subscribe("me", usual).value(), "me_0");
  EXPECT_EQ(cameras.subscribe("me", usual).value(), "me_1");
  EXPECT_TRUE(cameras.unsubscribe("me_0"));
  EXPECT_FALSE(cameras.unsubscribe("me_0"));
  EXPECT_EQ(cameras.subscribe("me", usual).value(), "me_0");
  for (int i = 2; i < CameraModel::maxOfOneName; ++i) ASSERT_TRUE(cameras.subscribe("me", usual));
  EXPECT_EQ(cameras.subscribe("me", usual).error().code, run::Code::overloaded);
  EXPECT_TRUE(cameras.subscribe("you", usual));
}

TEST(CameraModel, refusesWhatItDoesNotHave) {
  CameraModel cameras;
  for (auto member : {&CameraModel::Subscription::camera, &CameraModel::Subscription::resolution,
                      &CameraModel::Subscription::colorSpace, &CameraModel::Subscription::framesPerSecond}) {
    auto odd = usual;
    odd.*member = 77;
    EXPECT_EQ(cameras.subscribe("me", odd).error().code, run::Code::badArguments);
  }
  EXPECT_EQ(cameras.subscribe("", usual).error().code, run::Code::badArguments);
  EXPECT_EQ(cameras.image("me_0", {}).error().code, run::Code::unknownMember);
}

TEST(CameraModel, takesAsManyImagesASecondAsWanted) {
  test::ManualClock clock;
  CameraModel cameras;
  const auto handle = cameras.subscribe("me", usual).value();
  const auto first = cameras.image(handle, clock.wall()).value();
  EXPECT_EQ(first.taken, std::chrono::microseconds(1'700'000'000'000'000));
  EXPECT_EQ(first.bytes.size(), 320u * 240 * 3);
  clock.advance(0.09);
  const auto same = cameras.image(handle, clock.wall()).value();
  EXPECT_EQ(same.taken, first.taken);
  EXPECT_EQ(same.bytes, first.bytes);
  clock.advance(0.02);
  const auto next = cameras.image(handle, clock.wall()).value();
  EXPECT_EQ(next.taken - first.taken, std::chrono::milliseconds(100));
  EXPECT_NE(next.bytes, first.bytes);
}

}  // namespace
}  // namespace beckon::sim
