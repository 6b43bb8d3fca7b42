#include "localbus/dial_first.hpp"

#include "localbus/private_socket.hpp"
#include "tests/localbus/sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

namespace beckon::localbus {
namespace {

using run::Code;
using run::Error;
using run::Result;
using test::RawServer;

std::function<void()> beforeListening;

Result<> everyone(const Connection&) { return {}; }

class DialFirst : public testing::Test {
 protected:
  Result<Dialed> dialAny(std::vector<Endpoint> endpoints, IsRight isRight = everyone) {
    DialOptions options;
    options.authenticationTime = std::chrono::seconds(2);
    return bus.loop.await(
        dialFirst(bus.loop.io, std::move(endpoints), std::move(options), std::move(isRight), run::silentLog()));
  }
  test::SampleBus bus;
  Endpoint socket = bus.listener.start(newPrivateSocket().value()).value();
};

TEST_F(DialFirst, takesAUnixSocketBeforeAPort) {
  const auto dialed = dialAny({bus.endpoint, socket}).value();
  EXPECT_EQ(dialed.endpoint, socket);
  EXPECT_EQ(dialed.connection->peer(), "process " + std::to_string(::getpid()) + " of this computer");
  const auto object = bus.loop.await(RemoteObject::open(dialed.connection, test::sampleService, "Sample")).value();
  EXPECT_EQ(bus.loop.await(object->method<int(int, int)>("add").value()(2, 40)).value(), 42);
}

TEST_F(DialFirst, goesOnWhereNothingAnswers) {
  bus.listener.stop();
  const auto port = bus.listener.start({"127.0.0.1", 0}).value();
  EXPECT_EQ(dialAny({socket, port}).value().endpoint, port);
}

TEST_F(DialFirst, doesNotWaitForAWayThatHangs) {
  RawServer silent(bus.loop);  // takes the connection and never authenticates
  EXPECT_EQ(dialAny({silent.endpoint(), bus.endpoint}).value().endpoint, bus.endpoint);
  // The other attempt goes on until its time is over.
  auto peer = silent.accept();
  EXPECT_EQ(peer.message().header.type, qi::MessageType::call);
  EXPECT_TRUE(peer.closes());
  bus.loop.poll();
}

TEST_F(DialFirst, letsTheReceiverGoBeforeAnAttemptThatHangs) {
  RawServer silent(bus.loop);
  auto host = std::make_unique<ObjectHost>();
  DialOptions options;
  options.authenticationTime = std::chrono::seconds(2);
  options.receiver = host.get();
  const auto dialed = bus.loop.await(
      dialFirst(bus.loop.io, {silent.endpoint(), bus.endpoint}, std::move(options), everyone, run::silentLog()));
  dialed.value().connection->setReceiver(nullptr);
  host.reset();
  auto peer = silent.accept();
  EXPECT_EQ(peer.message().header.type, qi::MessageType::call);
  EXPECT_TRUE(peer.closes());
  bus.loop.poll();
}

TEST_F(DialFirst, closesTheOthers) {
  const auto second = bus.listener.start({"127.0.0.1", 0}).value();
  const auto dialed = dialAny({bus.endpoint, second}).value();
  ASSERT_TRUE(bus.loop.runUntil([&] { return bus.host.ended == 1; }));
  EXPECT_TRUE(dialed.connection->isReady());
}

TEST_F(DialFirst, passesOverAnotherProgram) {
  const auto other = bus.listener.start({"127.0.0.1", 0}).value();
  int asked = 0;
  const auto dialed = dialAny({socket, other}, [&](const Connection&) -> Result<> {
    if (++asked == 1) return Error{Code::unreachable, "another program", {}};
    return {};
  });
  EXPECT_EQ(dialed.value().endpoint, other);
}

TEST_F(DialFirst, tellsWhatWentWrongFirst) {
  bus.listener.stop();
  const auto failed = dialAny({bus.endpoint, socket});
  EXPECT_EQ(failed.error().code, Code::unreachable);
  EXPECT_NE(failed.error().cause.find("cannot reach unix:///"), std::string::npos) << failed.error().cause;
}

TEST(PrivateSocket, isInAFolderOfThisUserOnly) {
  const auto endpoint = newPrivateSocket().value();
  struct stat about {};
  ASSERT_EQ(::stat(std::filesystem::path(endpoint.path).parent_path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700u);
  EXPECT_EQ(about.st_uid, ::getuid());
  test::SampleBus bus;
  ASSERT_TRUE(bus.listener.start(endpoint));
  ASSERT_EQ(::stat(endpoint.path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0077, 0u);
}

TEST(PrivateSocket, isInNoFolderThatOthersMayEnter) {
  const test::TemporaryFolder runtime;
  const char* const before = std::getenv("XDG_RUNTIME_DIR");
  const auto usual = before ? std::optional<std::string>(before) : std::nullopt;
  ::setenv("XDG_RUNTIME_DIR", runtime.path().c_str(), 1);
  std::filesystem::create_directory(runtime.path() / "beckon");
  std::filesystem::permissions(runtime.path() / "beckon", std::filesystem::perms(0755));
  const auto refused = newPrivateSocket();
  usual ? ::setenv("XDG_RUNTIME_DIR", usual->c_str(), 1) : ::unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(refused.error().code, run::Code::unreachable);
}

TEST(PrivateSocket, isGoneWithItsListenerAndSweptAfterAKill) {
  const auto endpoint = newPrivateSocket().value();
  {
    test::SampleBus bus;
    ASSERT_TRUE(bus.listener.start(endpoint));
    EXPECT_TRUE(std::filesystem::exists(endpoint.path));
    newPrivateSocket().value();
    EXPECT_TRUE(std::filesystem::exists(endpoint.path)) << "somebody listens there";
  }
  EXPECT_FALSE(std::filesystem::exists(endpoint.path));
  // As a process leaves it that was killed.
  boost::asio::io_context io;
  boost::asio::local::stream_protocol::acceptor(io, boost::asio::local::stream_protocol::endpoint(endpoint.path))
      .close();
  ASSERT_TRUE(std::filesystem::exists(endpoint.path));
  newPrivateSocket().value();
  EXPECT_FALSE(std::filesystem::exists(endpoint.path));
}

TEST(PrivateSocket, isNotSweptAwayBeforeItListens) {
  const auto endpoint = newPrivateSocket().value();
  test::SampleBus bus;
  int sweeps = 0;
  beforeListening = [&] {
    newPrivateSocket().value();  // as another process does at its start
    ++sweeps;
  };
  ASSERT_TRUE(bus.listener.start(endpoint));
  beforeListening = nullptr;
  EXPECT_EQ(sweeps, 1);
  ASSERT_TRUE(std::filesystem::exists(endpoint.path));
  EXPECT_TRUE(bus.loop.await(dial(bus.loop.io, endpoint, {}, bus.log)));
}

TEST(PrivateSocket, leavesThoseAloneThatAreBeingMadeButNotForEver) {
  const auto folder = std::filesystem::path(newPrivateSocket().value().path).parent_path();
  const auto draft = folder / ".unborn00";
  boost::asio::io_context io;
  boost::asio::local::stream_protocol::acceptor(io, boost::asio::local::stream_protocol::endpoint(draft)).close();
  newPrivateSocket().value();
  EXPECT_TRUE(std::filesystem::exists(draft)) << "it will listen in a moment";
  std::filesystem::last_write_time(draft, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(2));
  newPrivateSocket().value();
  EXPECT_FALSE(std::filesystem::exists(draft)) << "who made it was killed";
}

TEST(ConnectionPair, carriesCallsWithoutASocket) {
  test::Loop loop;
  test::Sample sample;
  ObjectHost host;
  host.add(7, qi::mainObject, sample.object);
  const auto [ours, theirs] = Connection::pair(loop.io.get_executor(), nullptr, &host, run::silentLog());
  const auto object = loop.await(RemoteObject::open(ours, 7, "Sample")).value();
  EXPECT_EQ(loop.await(object->method<int(int, int)>("add").value()(2, 40)).value(), 42);
  int heard = 0;
  const auto subscription = loop.await(object->subscribe("ticked", [&](const qi::Value&) { ++heard; })).value();
  for (int i = 0; i < 1000; ++i) (*sample.ticked)(i, "x");
  ASSERT_TRUE(loop.runUntil([&] { return heard == 1000; }));
  // More than a parser takes at a time.
  const qi::Bytes large(3'000'000, 7);
  EXPECT_EQ(loop.await(object->method<std::uint32_t(qi::Bytes)>("size").value()(large)).value(), large.size());
  std::optional<Error> ended;
  ours->onClosed([&](const Error& why) { ended = why; });
  theirs->close({Code::connectionLost, "enough", {}});
  ASSERT_TRUE(loop.runUntil([&] { return ended.has_value(); }));
  EXPECT_EQ(loop.await(object->call("nothing", qi::Tuple{})).error().code, Code::serviceGone);
}

}  // namespace
}  // namespace beckon::localbus

// In place of the C library's, for all of this program.
extern "C" int listen(int socket, int backlog) noexcept {
  if (beckon::localbus::beforeListening) beckon::localbus::beforeListening();
  return static_cast<int>(::syscall(SYS_listen, socket, backlog));
}
