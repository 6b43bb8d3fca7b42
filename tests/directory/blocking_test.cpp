#include "directory/blocking.hpp"

#include "tests/directory/bus.hpp"
#include "tests/directory/lamp.hpp"

#include <gtest/gtest.h>

#include <condition_variable>

namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using run::Code;

// Long enough to connect on a busy machine.
constexpr auto shortTimeout = 1500ms;

// A bus with a lamp, on a thread of its own.
class BlockingTest : public testing::Test {
 protected:
  BlockingTest() {
    const auto made = bus.session();
    provider = made;
    bus.loop.await(provide(*made, "Lamp", served.lamp)).value();
    bus.loop.io.restart();
    thread = std::thread([this] { bus.loop.io.run(); });
  }
  ~BlockingTest() override {
    boost::asio::post(bus.loop.io, [this] {
      provider->close();
      bus.loop.io.stop();  // not all that was called has ended
    });
    thread.join();
  }
  std::unique_ptr<BlockingSession> connect(localbus::Duration timeout = 10s) {
    return BlockingSession::connect(bus.endpoint.url(), timeout).value();
  }

  test::Bus bus;
  test::TestLamp served;
  std::shared_ptr<Session> provider;
  boost::asio::executor_work_guard<localbus::Executor> work{bus.loop.io.get_executor()};
  std::thread thread;
};

// What a handler on another thread has heard.
class HeardLevels {
 public:
  void operator()(std::int32_t level) {
    const std::lock_guard lock(mutex_);
    levels_.push_back(level);
    thread_ = std::this_thread::get_id();
    changed_.notify_all();
  }
  bool waitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, test::Loop::patience, [&] { return levels_.size() >= count; });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return levels_.size();
  }
  std::thread::id thread() const { return thread_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::int32_t> levels_;
  std::thread::id thread_;
};

TEST_F(BlockingTest, callsReturnWithTheirAnswer) {
  const auto session = connect();
  const auto lamp = session->open<Lamp>("Lamp").value();
  lamp->turn(true).value();
  EXPECT_EQ(lamp->level.get().value(), 100);
  EXPECT_EQ(lamp->fade(40).value(), -60);
  lamp->level.set(7).value();
  EXPECT_EQ(lamp->level.get().value(), 7);
  EXPECT_EQ(lamp->fade(-1).error().cause, "no lamp is darker than dark");
}

TEST_F(BlockingTest, membersAreReachedByName) {
  const auto session = connect();
  session->call("Lamp", "turn", true).value();
  EXPECT_EQ(qi::fromValue<std::int32_t>(session->get("Lamp", "level").value()).value(), 100);
  EXPECT_EQ(session->call("Lamp", "dance").error().code, Code::unknownMember);
  EXPECT_EQ(session->call("Nobody", "turn", true).error().code, Code::unknownService);
}

TEST_F(BlockingTest, aCallReturnsAtItsDeadline) {
  const auto session = connect(shortTimeout);
  const auto lamp = session->open<Lamp>("Lamp").value();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(lamp->fade(test::TestLamp::never).error().code, Code::timedOut);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(BlockingTest, aHandlerRunsOnTheThreadOfTheSession) {
  const auto session = connect();
  const auto lamp = session->open<Lamp>("Lamp").value();
  HeardLevels heard;
  const auto subscription = lamp->level.subscribe(std::ref(heard)).value();
  lamp->level.set(5).value();
  ASSERT_TRUE(heard.waitFor(1));
  EXPECT_NE(heard.thread(), std::this_thread::get_id());
}

TEST_F(BlockingTest, aHandlerThatCallsTheSessionIsRefused) {
  const auto session = connect();
  const auto lamp = session->open<Lamp>("Lamp").value();
  std::promise<Code> told;
  const auto subscription =
      lamp->level.subscribe([&](std::int32_t) { told.set_value(lamp->level.get().error().code); }).value();
  lamp->level.set(5).value();
  auto code = told.get_future();
  ASSERT_EQ(code.wait_for(test::Loop::patience), std::future_status::ready);
  EXPECT_EQ(code.get(), Code::invalidArgument);
}

TEST_F(BlockingTest, aHandlerThatHangsHoldsUpNoCallForEver) {
  const auto session = connect(shortTimeout);
  const auto lamp = session->open<Lamp>("Lamp").value();
  std::promise<void> entered, leave;
  auto left = leave.get_future();
  const auto subscription = lamp->level
                                .subscribe([&, isFirst = true](std::int32_t) mutable {
                                  if (!std::exchange(isFirst, false)) return;
                                  entered.set_value();
                                  left.wait();
                                })
                                .value();
  lamp->level.set(5);  // answered before or after the event
  entered.get_future().wait();
  EXPECT_EQ(lamp->level.get().error().code, Code::timedOut);
  leave.set_value();
  EXPECT_EQ(lamp->level.get().value(), 5);
}

TEST_F(BlockingTest, aSubscriptionThatIsGoneHearsNothing) {
  const auto session = connect();
  const auto lamp = session->open<Lamp>("Lamp").value();
  HeardLevels one, other;
  auto first = lamp->level.subscribe(std::ref(one)).value();
  const auto second = lamp->level.subscribe(std::ref(other)).value();
  lamp->level.set(5).value();
  ASSERT_TRUE(one.waitFor(1) && other.waitFor(1));
  first.reset();
  lamp->level.set(6).value();
  ASSERT_TRUE(other.waitFor(2));
  EXPECT_EQ(one.count(), 1u);
}

TEST_F(BlockingTest, aProxyThatOutlivesItsSessionSaysSo) {
  auto session = connect();
  const auto lamp = session->open<Lamp>("Lamp").value();
  session.reset();
  EXPECT_EQ(lamp->turn(true).error().code, Code::connectionLost);
}

TEST_F(BlockingTest, severalThreadsMayCall) {
  const auto session = connect();
  const auto lamp = session->open<Lamp>("Lamp").value();
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n)
        if (lamp->turn(true)) ++done;
    });
  for (auto& each : threads) each.join();
  EXPECT_EQ(done, 200);
}

TEST(BlockingSession, saysThatThereIsNoBus) {
  EXPECT_EQ(BlockingSession::connect("tcp://127.0.0.1:9").error().code, Code::unreachable);
  EXPECT_EQ(BlockingSession::connect("nonsense").error().code, Code::invalidArgument);
}

}  // namespace
}  // namespace beckon::directory
