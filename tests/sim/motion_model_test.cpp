#include "apps/sim/motion_model.hpp"

#include "tests/sim/manual_clock.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace beckon::sim {
namespace {

constexpr double pi = std::numbers::pi;

struct Motion : testing::Test {
  test::ManualClock clock;
  MotionModel model{clock.now()};

  void expectAt(double x, double y, double theta) {
    model.advance(clock.now());
    EXPECT_NEAR(model.pose().x, x, 1e-9);
    EXPECT_NEAR(model.pose().y, y, 1e-9);
    EXPECT_NEAR(model.pose().theta, theta, 1e-9);
  }
};

TEST_F(Motion, standsWhereItIsUntilItIsTold) {
  clock.advance(100);
  expectAt(0, 0, 0);
  EXPECT_TRUE(model.isAwake());
  EXPECT_FALSE(model.isMoving());
}

TEST_F(Motion, movesAtAFractionOfTheUsualSpeed) {
  ASSERT_TRUE(model.moveToward(clock.now(), {0.5, 0, 0}));
  clock.advance(2);
  expectAt(0.35, 0, 0);
  EXPECT_TRUE(model.isMoving());
  EXPECT_NEAR(model.velocity().x, 0.175, 1e-12);
}

TEST_F(Motion, cutsFractionsAndVelocities) {
  ASSERT_TRUE(model.moveToward(clock.now(), {-7, 0, 9}));
  EXPECT_NEAR(model.velocity().x, -MotionModel::usualSpeed, 1e-12);
  EXPECT_NEAR(model.velocity().theta, MotionModel::usualTurn, 1e-12);
  ASSERT_TRUE(model.move(clock.now(), {3, 4, -9}));
  EXPECT_NEAR(model.velocity().x, MotionModel::topSpeed * 0.6, 1e-12);
  EXPECT_NEAR(model.velocity().y, MotionModel::topSpeed * 0.8, 1e-12);
  EXPECT_NEAR(model.velocity().theta, -MotionModel::topTurn, 1e-12);
}

TEST_F(Motion, drivesAnArcWhenItTurnsOnItsWay) {
  ASSERT_TRUE(model.move(clock.now(), {0.1, 0, pi / 10}));
  clock.advance(5);  // a quarter of a circle of radius 1/pi
  expectAt(1 / pi, 1 / pi, pi / 2);
  clock.advance(15);
  expectAt(0, 0, 0);
}

TEST_F(Motion, isAtTheSamePlaceHoweverOftenOneLooks) {
  ASSERT_TRUE(model.move(clock.now(), {0.2, 0.1, 0.7}));
  MotionModel once = model;
  for (int i = 0; i < 1000; ++i) {
    clock.advance(0.003);
    model.advance(clock.now());
  }
  once.advance(clock.now());
  expectAt(once.pose().x, once.pose().y, once.pose().theta);
}

TEST_F(Motion, keepsAVelocityUntilItIsStopped) {
  ASSERT_TRUE(model.moveToward(clock.now(), {1, 0, 0}));
  clock.advance(3600);
  expectAt(3600 * MotionModel::usualSpeed, 0, 0);
  model.stopMove(clock.now());
  EXPECT_FALSE(model.isMoving());
  clock.advance(10);
  expectAt(3600 * MotionModel::usualSpeed, 0, 0);
}

TEST_F(Motion, arrivesAtAPlaceOfItsOwnFrame) {
  const auto turned = model.moveTo(clock.now(), {0, 0, pi / 2});
  ASSERT_TRUE(turned);
  clock.advance(pi / 2 + 0.001);
  expectAt(0, 0, pi / 2);
  EXPECT_FALSE(model.isUnderWay(*turned));

  const auto move = model.moveTo(clock.now(), {0.7, 0, 0});
  ASSERT_TRUE(move);
  clock.advance(1);
  expectAt(0, 0.35, pi / 2);
  EXPECT_TRUE(model.isUnderWay(*move));
  clock.advance(1.001);
  expectAt(0, 0.7, pi / 2);
  EXPECT_FALSE(model.isUnderWay(*move));
  EXPECT_FALSE(model.isMoving());
}

TEST_F(Motion, takesTheTimeThatItIsGivenUnlessThatIsTooShort) {
  const auto slow = model.moveTo(clock.now(), {1, 0, 0}, 10);
  clock.advance(5);
  expectAt(0.5, 0, 0);
  EXPECT_TRUE(model.isUnderWay(*slow));
  model.stopMove(clock.now());
  const auto fast = model.moveTo(clock.now(), {0.55, 0, 0}, 0.001);
  clock.advance(0.5);
  expectAt(0.775, 0, 0);
  EXPECT_TRUE(model.isUnderWay(*fast));
}

TEST_F(Motion, endsAMoveWhenAnotherCommandComes) {
  const auto first = model.moveTo(clock.now(), {1, 0, 0});
  clock.advance(1);
  const auto second = model.moveTo(clock.now(), {1, 0, 0});
  EXPECT_FALSE(model.isUnderWay(*first));
  EXPECT_TRUE(model.isUnderWay(*second));
  ASSERT_TRUE(model.moveToward(clock.now(), {1, 0, 0}));
  EXPECT_FALSE(model.isUnderWay(*second));
  EXPECT_TRUE(model.isMoving());
}

TEST_F(Motion, arrivesAtOnceWhereItIsAlready) {
  const auto move = model.moveTo(clock.now(), {});
  ASSERT_TRUE(move);
  EXPECT_FALSE(model.isUnderWay(*move));
}

TEST_F(Motion, refusesToMoveWhileItRests) {
  ASSERT_TRUE(model.moveToward(clock.now(), {1, 0, 0}));
  model.rest(clock.now());
  EXPECT_FALSE(model.isMoving());
  EXPECT_EQ(model.move(clock.now(), {1, 0, 0}).error().code, run::Code::refused);
  EXPECT_EQ(model.moveTo(clock.now(), {1, 0, 0}).error().code, run::Code::refused);
  model.wakeUp(clock.now());
  EXPECT_TRUE(model.moveToward(clock.now(), {1, 0, 0}));
}

TEST_F(Motion, refusesNumbersThatAreNotFinite) {
  EXPECT_EQ(model.moveToward(clock.now(), {std::nan(""), 0, 0}).error().code, run::Code::badArguments);
  EXPECT_EQ(model.move(clock.now(), {0, std::numeric_limits<double>::infinity(), 0}).error().code,
            run::Code::badArguments);
  EXPECT_EQ(model.moveTo(clock.now(), {1, 0, 0}, -1).error().code, run::Code::badArguments);
  EXPECT_FALSE(model.isMoving());
}

}  // namespace
}  // namespace beckon::sim
