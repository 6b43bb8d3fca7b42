// What a token opened at the LAN door is closed within a second of its end, and nobody else notices; and what a policy
// takes away ends, and nothing beside it.
#include "tests/gateway/lan_fixture.hpp"
#include "tests/policy/store.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

namespace beckon {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using testing::HasSubstr;

// Both ends of each connection are here, those on the bus too.
void takeAllDescriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int sessions() {
  const char* given = std::getenv("BECKON_REVOKED_SESSIONS");
  return given ? std::stoi(given) : 200;
}

class Revocation : public test::LanFixture {
 protected:
  Revocation() {
    takeAllDescriptors();
    provide("Sample", sample.object);
    open(operators());
    ended_ = live.onEnded(
        [this](const policy::LiveTokens::Ended& token) { door->revoked(token.id, std::string(token.reason)); });
    live.start();
  }
  ~Revocation() override {
    for (const auto& session : outsides_) session->connection->close({run::Code::connectionLost, "the test ends", {}});
    ticker.cancel();
    live.stop();
  }
  static std::string operators() {
    return "[roles]\noperator = []\n" + rule("all", "role:operator", R"("*")", R"(["*"])");
  }
  run::Result<policy::Admitted> admit(const policy::Credentials& shown) override { return admission.admit(shown); }

  // A program that calls and listens without end.
  struct Outside {
    std::shared_ptr<localbus::Connection> connection;
    std::shared_ptr<localbus::RemoteObject> object;
    std::vector<std::shared_ptr<localbus::RemoteObject::Subscription>> subscriptions;
    std::uint64_t answers = 0, failures = 0, gaps = 0;
    std::int32_t lastTick = -1;
    int blobs = 0;
    std::optional<Clock::time_point> closed;
  };
  using Outsides = std::vector<std::shared_ptr<Outside>>;

  std::string token(const char* name) { return writer.create(name, "operator", {}, policy::wallClock()).value().text; }
  run::Result<std::shared_ptr<localbus::Connection>> dial(const std::string& token) {
    localbus::DialOptions options;
    options.credentials = {{"auth_user", qi::dynamic(std::string("me"))}, {"auth_token", qi::dynamic(token)}};
    options.tls = localbus::TlsContext::client({.pin = serverTls->ownKey()}).value();
    return bus.loop.await(localbus::dial(bus.loop.io, endpoint, std::move(options), run::silentLog()));
  }
  // The number of the service outside.
  std::uint32_t outsideId(const std::shared_ptr<localbus::Connection>& connection) {
    const auto directory =
        bus.loop.await(localbus::RemoteObject::open(connection, qi::directoryService, "ServiceDirectory")).value();
    return qi::fromValue<directory::ServiceInfo>(call(directory, "service", std::string("Sample")).value())->serviceId;
  }
  std::shared_ptr<Outside> come(const std::string& token) {
    const auto session = outsides_.emplace_back(std::make_shared<Outside>());
    session->connection = dial(token).value();
    session->connection->onClosed([session = session.get()](const run::Error&) { session->closed = Clock::now(); });
    if (!outside_) outside_ = outsideId(session->connection);
    session->object = bus.loop.await(localbus::RemoteObject::open(session->connection, outside_, "Sample")).value();
    const auto heard = [session = session.get()](const qi::Value& event) {
      const auto number = std::get<0>(qi::fromValue<std::tuple<std::int32_t, std::string>>(event).value());
      if (session->lastTick >= 0 && number != session->lastTick + 1) ++session->gaps;
      session->lastTick = number;
    };
    session->subscriptions.push_back(bus.loop.await(session->object->subscribe("ticked", heard)).value());
    return session;
  }
  Outsides come(const std::string& token, int count) {
    Outsides out;
    for (int i = 0; i < count; ++i) out.push_back(come(token));
    return out;
  }
  void work(const Outsides& all) {
    for (const auto& session : all) callAgain(*session);
  }
  void callAgain(Outside& session) {
    const auto arguments = qi::encode(std::tuple<std::int32_t, std::int32_t>(2, 40));
    session.connection->call({outside_, qi::mainObject, sample.ids.add}, localbus::Payload(arguments),
                             std::chrono::seconds(10), [this, &session](const run::Result<localbus::Answer>& answer) {
                               ++(answer ? session.answers : session.failures);
                               if (answer && !isOver) callAgain(session);
                             });
  }
  // Events without end, for as many as listen as this computer can serve.
  void tick() {
    (*sample.ticked)(ticks++, "x");
    ticker.expires_after(milliseconds(20 + sessions() / 4));
    ticker.async_wait([this](const boost::system::error_code& canceled) {
      if (!canceled) tick();
    });
  }
  // What was called and told until now is there; nothing more is.
  void settle(const Outsides& all) {
    const auto later = ticks + 5;
    const auto answered = all[0]->answers;
    ASSERT_TRUE(runUntil([&] { return ticks > later && all[0]->answers > answered; }));
    ticker.cancel();
    isOver = true;
    ASSERT_TRUE(runUntil(
        [&] { return std::ranges::all_of(all, [&](const auto& session) { return session->lastTick == ticks - 1; }); }));
  }
  static void lostNothing(const Outsides& all) {
    for (const auto& session : all) {
      EXPECT_FALSE(session->closed);
      EXPECT_EQ(session->failures, 0u);
      EXPECT_EQ(session->gaps, 0u);
      EXPECT_GT(session->answers, 0u);
    }
  }
  // As the command line does it, in a process of its own.
  void revokeElsewhere(const std::string& name) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto tokens = policy::Tokens::open(store.file());
      ::_exit(tokens && tokens->revoke(name, policy::wallClock()) ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }

  test::Store store;
  test::Sample sample;
  policy::Tokens writer = store.open();
  policy::LiveTokens live{bus.loop.io.get_executor(), store.open(), run::silentLog()};
  policy::Admission admission{live, {}, run::silentLog()};
  boost::asio::steady_timer ticker{bus.loop.io};
  std::int32_t ticks = 0;
  bool isOver = false;

 private:
  std::shared_ptr<void> ended_;
  std::uint32_t outside_ = 0;
  Outsides outsides_;
};

TEST_F(Revocation, closesTwoHundredSessionsWithinASecondAndLeavesTheOthersAlone) {
  const auto bad = token("tablet"), good = token("desk");
  const auto ended = come(bad, sessions()), kept = come(good, 20);
  EXPECT_EQ(door->sessions(), ended.size() + kept.size());
  work(ended);
  work(kept);
  tick();
  ASSERT_TRUE(runUntil([&] { return ticks > 5; }));

  const auto revoked = Clock::now();
  revokeElsewhere("tablet");
  const auto isClosed = [](const auto& session) { return session->closed.has_value(); };
  ASSERT_TRUE(runUntil([&] { return std::ranges::all_of(ended, isClosed); }));
  milliseconds longest{0};
  for (const auto& session : ended)
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(*session->closed - revoked));
  std::cout << sessions() << " sessions closed, the last " << longest.count() << " ms after the command began"
            << std::endl;
  RecordProperty("longest_ms", static_cast<int>(longest.count()));
  EXPECT_LT(longest, milliseconds(1000));
  // And with them what they listened to on the bus.
  EXPECT_TRUE(runUntil([&] { return sample.object->subscriberCount(sample.ids.ticked) == kept.size(); }));
  EXPECT_EQ(door->sessions(), kept.size());

  settle(kept);
  lostNothing(kept);
  EXPECT_THAT(dial(bad).error().cause, HasSubstr("the token was revoked"));
  EXPECT_TRUE(dial(good));
}

TEST_F(Revocation, ofOneMemberByThePolicyEndsTheSubscriptionsToItOfEverybodyAndNothingElse) {
  const auto all = come(token("desk"), sessions() / 4);
  for (const auto& session : all)
    session->subscriptions.push_back(
        bus.loop.await(session->object->subscribe("blob", [&](const qi::Value&) { ++session->blobs; })).value());
  work(all);
  tick();
  (*sample.blob)(qi::Bytes(1, 1));
  const auto blobs = [&](int count) {
    return std::ranges::all_of(all, [&](const auto& session) { return session->blobs == count; });
  };
  ASSERT_TRUE(runUntil([&] { return blobs(1); }));
  authority->replace(policyOf(operators() + "except = [\"Sample.blob\"]\n"));
  ASSERT_TRUE(runUntil([&] { return sample.object->subscriberCount(sample.ids.blob) == 0; }));
  EXPECT_EQ(sample.object->subscriberCount(sample.ids.ticked), all.size());
  (*sample.blob)(qi::Bytes(1, 2));
  settle(all);
  EXPECT_TRUE(blobs(1));
  lostNothing(all);
}

TEST_F(Revocation, closesSessionsWhenTheirTokenExpires) {
  const auto token = writer.create("short", "operator", std::chrono::seconds(2), policy::wallClock()).value();
  const auto session = come(token.text);
  ASSERT_TRUE(runUntil([&] { return session->closed.has_value(); }));
  EXPECT_LT(std::chrono::system_clock::now(), *token.token.end + std::chrono::seconds(1));
  EXPECT_GE(std::chrono::system_clock::now(), *token.token.end);
}

TEST_F(Revocation, refusesGuessesInTheWordsOfLibqi) {
  EXPECT_EQ(dial(policy::randomTokenText()).error().cause, "Authentication failed: bad token [1.0]");
  EXPECT_EQ(dial("").error().cause, "Authentication failed: missing token [1.0]");
  for (int i = 1; i < policy::Guesses::atOnce; ++i) EXPECT_FALSE(dial("guess"));
  EXPECT_THAT(dial("guess").error().cause, HasSubstr("too many bad tokens from this address, try again in 10 s"));
}

}  // namespace
}  // namespace beckon
