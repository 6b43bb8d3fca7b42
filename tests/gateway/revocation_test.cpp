// What a token opened is closed within a second of its end, over real connections with TLS, and nobody else notices.
#include "tests/gateway/token_door.hpp"
#include "tests/localbus/sample.hpp"
#include "tests/localbus/tls_pair.hpp"
#include "tests/policy/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>

namespace beckon {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using testing::HasSubstr;

// Both ends of each connection are here.
void takeAllDescriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t sessions() {
  const char* given = std::getenv("BECKON_REVOKED_SESSIONS");
  return given ? std::stoul(given) : 200;
}

class Revocation : public testing::Test {
 protected:
  Revocation() {
    takeAllDescriptors();
    host.add(test::sampleService, qi::mainObject, sample.object);
    live.start();
  }
  ~Revocation() override {
    live.stop();
    door.stop();
  }

  // A program that calls and listens without end.
  struct Session {
    std::shared_ptr<localbus::Connection> connection;
    std::shared_ptr<localbus::RemoteObject> object;
    std::shared_ptr<localbus::RemoteObject::Subscription> subscription;
    std::uint64_t answers = 0, failures = 0, events = 0, gaps = 0;
    std::int32_t lastEvent = -1;
    std::optional<Clock::time_point> closed;
  };
  run::Result<std::shared_ptr<localbus::Connection>> dial(const std::string& token) {
    localbus::DialOptions options;
    options.credentials = {{"auth_user", qi::dynamic(std::string("me"))}, {"auth_token", qi::dynamic(token)}};
    options.tls = trusting;
    return loop.await(localbus::dial(loop.io, port, options, run::silentLog()));
  }
  std::shared_ptr<Session> open(const std::string& token) {
    auto session = std::make_shared<Session>();
    session->connection = dial(token).value();
    session->connection->onClosed([session = session.get()](const run::Error&) { session->closed = Clock::now(); });
    session->object =
        loop.await(localbus::RemoteObject::open(session->connection, test::sampleService, "Sample")).value();
    const auto heard = [session = session.get()](const qi::Value& event) {
      const auto number = std::get<0>(qi::fromValue<std::tuple<std::int32_t, std::string>>(event).value());
      if (session->lastEvent >= 0 && number != session->lastEvent + 1) ++session->gaps;
      session->lastEvent = number;
      ++session->events;
    };
    session->subscription = loop.await(session->object->subscribe("ticked", heard)).value();
    return session;
  }
  void call(Session& session) {
    const auto arguments = qi::encode(std::tuple<std::int32_t, std::int32_t>(2, 40));
    session.connection->call({test::sampleService, qi::mainObject, sample.ids.add}, localbus::Payload(arguments),
                             std::chrono::seconds(10), [this, &session](const run::Result<localbus::Answer>& answer) {
                               ++(answer ? session.answers : session.failures);
                               if (answer && !isOver) call(session);
                             });
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
  test::TlsFiles files;
  localbus::TlsContext context = *localbus::TlsContext::server({files.issue({"robot", "IP:127.0.0.1"})});
  localbus::TlsContext trusting = *localbus::TlsContext::client({files.path("authority.pem")});
  test::Loop loop;
  localbus::ObjectHost host;
  test::Sample sample;
  policy::Tokens writer = store.open();
  policy::LiveTokens live{loop.io.get_executor(), store.open(), run::silentLog()};
  test::TokenDoor door{loop.io, host, live};
  localbus::Endpoint port = door.start(context).value();
  bool isOver = false;
};

TEST_F(Revocation, closesTwoHundredSessionsWithinASecondAndLeavesTheOthersAlone) {
  const auto token = [&](const char* name) {
    return writer.create(name, "operator", {}, policy::wallClock()).value().text;
  };
  const auto bad = token("tablet"), good = token("desk");
  std::vector<std::shared_ptr<Session>> ended, kept;
  for (std::size_t i = 0; i < sessions(); ++i) ended.push_back(open(bad));
  for (std::size_t i = 0; i < 20; ++i) kept.push_back(open(good));

  for (const auto* all : {&ended, &kept})
    for (const auto& session : *all) call(*session);

  std::int32_t ticks = 0;
  boost::asio::steady_timer ticker(loop.io);
  const std::function<void()> tick = [&] {
    (*sample.ticked)(ticks++, "x");
    ticker.expires_after(milliseconds(10));
    ticker.async_wait([&](const boost::system::error_code& canceled) {
      if (!canceled) tick();
    });
  };
  tick();
  ASSERT_TRUE(loop.runUntil([&] { return ticks > 10; }));

  const auto revoked = Clock::now();
  revokeElsewhere("tablet");
  const auto isClosed = [](const auto& session) { return session->closed.has_value(); };
  ASSERT_TRUE(loop.runUntil([&] { return std::all_of(ended.begin(), ended.end(), isClosed); }));
  milliseconds longest{0};
  for (const auto& session : ended)
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(*session->closed - revoked));
  std::cout << sessions() << " sessions closed, the last " << longest.count() << " ms after the command began"
            << std::endl;
  RecordProperty("longest_ms", static_cast<int>(longest.count()));
  EXPECT_LT(longest, milliseconds(1000));

  const auto later = ticks + 20;
  const auto answered = kept[0]->answers;
  ASSERT_TRUE(loop.runUntil([&] { return ticks > later && kept[0]->answers > answered; }));
  ticker.cancel();
  isOver = true;
  ASSERT_TRUE(loop.runUntil([&] {
    return std::all_of(kept.begin(), kept.end(), [&](const auto& session) { return session->lastEvent == ticks - 1; });
  }));
  for (const auto& session : kept) {
    EXPECT_FALSE(session->closed);
    EXPECT_EQ(session->failures, 0u);
    EXPECT_EQ(session->gaps, 0u);
    EXPECT_GT(session->answers, 0u);
  }
  EXPECT_THAT(dial(bad).error().cause, HasSubstr("the token was revoked"));
  EXPECT_TRUE(dial(good));
}

TEST_F(Revocation, closesSessionsWhenTheirTokenExpires) {
  const auto token = writer.create("short", "operator", std::chrono::seconds(2), policy::wallClock()).value();
  const auto session = open(token.text);
  ASSERT_TRUE(loop.runUntil([&] { return session->closed.has_value(); }));
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
