#include "gateway/doors/chat_patience.hpp"

#include <gtest/gtest.h>

namespace beckon::gateway {
namespace {

using namespace std::chrono_literals;

class ChatPatienceTest : public testing::Test {
 protected:
  ChatPatience patience;
  ChatPatience::Time now{1h};
};

TEST_F(ChatPatienceTest, endsACircleOfMisunderstandings) {
  int answers = 0;
  for (bool isLast = false; !isLast; ++answers) {
    ASSERT_TRUE(patience.listens("a@x", now));
    isLast = patience.misunderstood("a@x");
    now += 50s;
  }
  EXPECT_EQ(answers, ChatPatience::mostMisunderstood);
  for (int i = 0; i < 10; ++i, now += 50s) EXPECT_FALSE(patience.listens("a@x", now));
  EXPECT_TRUE(patience.listens("b@x", now));
  now += 10s;
  EXPECT_TRUE(patience.listens("a@x", now));
  EXPECT_FALSE(patience.misunderstood("a@x"));
}

TEST_F(ChatPatienceTest, forgetsMisunderstandingsOnceItUnderstands) {
  for (int i = 0; i < 50; ++i, now += 3s) {
    ASSERT_TRUE(patience.listens("a@x", now));
    if (i % ChatPatience::mostMisunderstood == 0)
      patience.understood("a@x");
    else
      EXPECT_FALSE(patience.misunderstood("a@x"));
  }
}

TEST_F(ChatPatienceTest, endsACircleOfCommandsToo) {
  int heard = 0;
  for (int i = 0; i < 1000; ++i, now += 10ms) {
    if (!patience.listens("a@x", now)) continue;
    ++heard;
    patience.understood("a@x");
  }
  EXPECT_EQ(heard, ChatPatience::mostAtOnce);
  now += ChatPatience::pause;
  EXPECT_TRUE(patience.listens("a@x", now));
}

TEST_F(ChatPatienceTest, listensForHoursToWhoTakesHisTime) {
  for (int i = 0; i < 10000; ++i, now += ChatPatience::oneMore) {
    ASSERT_TRUE(patience.listens("a@x", now));
    patience.understood("a@x");
  }
}

TEST_F(ChatPatienceTest, knowsSoManyAccountsAtATime) {
  for (std::size_t i = 0; i < ChatPatience::mostAccounts; ++i) ASSERT_TRUE(patience.listens(std::to_string(i), now));
  EXPECT_FALSE(patience.listens("more", now));
  EXPECT_TRUE(patience.listens("5", now));
  EXPECT_TRUE(patience.listens("more", now + ChatPatience::pause));
}

}  // namespace
}  // namespace beckon::gateway
