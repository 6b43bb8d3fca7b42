#include "localbus/connection_pool.hpp"

#include "tests/localbus/mebibyte.hpp"
#include "tests/localbus/pool_peer.hpp"
#include "tests/localbus/sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <filesystem>
#include <numeric>

// Large payloads between two ends of a unix socket.
namespace beckon::localbus {
namespace {

using namespace std::chrono_literals;
using qi::MessageType;
using qi::SharedRaw;
using test::mebibyte;
using test::PoolPeer;
using test::Sample;
using test::sampleService;

constexpr std::uint32_t rawService = 8;

qi::Bytes numbered(std::size_t size) {
  qi::Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

std::ptrdiff_t openDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

// Methods that look at raws where they are.
class RawService {
 public:
  RawService() {
    ObjectBuilder builder;
    builder.method("hold", [this](const std::string& name, const SharedRaw& raw) {
      names.push_back(name);
      held.push_back(raw);
      return static_cast<std::uint32_t>(raw.size());
    });
    builder.method("copy", [this](const qi::Bytes& raw) {
      copies.push_back(raw);
      return static_cast<std::uint32_t>(raw.size());
    });
    builder.method("number", [this](std::int32_t number) { numbers.push_back(number); });
    builder.method("give", [this] { return given; });
    builder.method("take", [this](Caller caller) {
      auto buffer = connections.at(caller.connection)->takeBuffer(mebibyte);
      std::ranges::copy(numbered(mebibyte), buffer.bytes().begin());
      return std::move(buffer).share();
    });
    object = builder.build();
  }
  std::vector<std::string> names;
  std::vector<SharedRaw> held;
  std::vector<qi::Bytes> copies;
  std::vector<std::int32_t> numbers;
  SharedRaw given;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections;
  std::shared_ptr<Object> object;
};

class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionPoolTest() {
    host.add(sampleService, qi::mainObject, sample.object);
    host.add(rawService, qi::mainObject, raws.object);
    endpoint = listener.start(Endpoint::unixSocket((folder.path() / "s").string())).value();
  }
  ~ConnectionPoolTest() override {
    listener.stop();
    loop.poll();
  }
  std::shared_ptr<Connection> connect(DialOptions options = {}) {
    const auto made = loop.await(dial(loop.io, endpoint, std::move(options), log)).value();
    opened.push_back(made);
    return made;
  }
  std::shared_ptr<RemoteObject> open(const std::shared_ptr<Connection>& connection, std::uint32_t service) {
    return loop.await(RemoteObject::open(connection, service, "it")).value();
  }
  template <class Signature, class... Args>
  auto call(const std::shared_ptr<RemoteObject>& object, const std::string& method, const Args&... args) {
    return loop.await(object->method<Signature>(method).value()(args...));
  }
  // What the service hands back now stands before its next answer.
  void awaitHandBacks(const std::shared_ptr<RemoteObject>& rawObject) {
    call<void(std::int32_t)>(rawObject, "number", 0).value();
  }
  // The service's end of the only connection.
  std::shared_ptr<Connection> served() { return host.callers.begin()->second; }
  bool othersAreServed() { return call<int(int, int)>(open(connect(), sampleService), "add", 1, 2).value() == 3; }

  const test::TemporaryFolder folder;
  test::Loop loop;
  run::Log log = run::silentLog();
  Sample sample;
  RawService raws;
  test::WatchedHost host;
  Listener listener{loop.io, host, {}, log};
  Endpoint endpoint;
  std::vector<std::shared_ptr<Connection>> opened;
};

TEST_F(ConnectionPoolTest, whatIsSmallStaysOnTheSocket) {
  const auto object = open(connect(), sampleService);
  const auto size = static_cast<std::uint32_t>(pool::threshold - 5);  // with its length one byte less than a payload
  EXPECT_EQ(call<std::uint32_t(qi::Bytes)>(object, "size", qi::Bytes(size)).value(), size);
  EXPECT_EQ(call<qi::Bytes(std::uint32_t)>(object, "big", size).value().size(), size);
  EXPECT_EQ(object->connection()->poolSize(), 0u);
  EXPECT_EQ(served()->poolSize(), 0u);
}

TEST_F(ConnectionPoolTest, argumentsFrom64KiBTakeThePool) {
  const auto object = open(connect(), sampleService);
  const auto size = static_cast<std::uint32_t>(pool::threshold - 4);
  EXPECT_EQ(call<std::uint32_t(qi::Bytes)>(object, "size", qi::Bytes(size)).value(), size);
  EXPECT_GE(object->connection()->poolSize(), pool::threshold);
  EXPECT_EQ(served()->poolSize(), 0u);
}

TEST_F(ConnectionPoolTest, soDoAnswers) {
  const auto object = open(connect(), sampleService);
  EXPECT_EQ(call<qi::Bytes(std::uint32_t)>(object, "big", std::uint32_t{mebibyte}).value(), qi::Bytes(mebibyte, 0x5A));
  EXPECT_GE(served()->poolSize(), mebibyte);
  EXPECT_EQ(object->connection()->poolSize(), 0u);
}

TEST_F(ConnectionPoolTest, soDoPostsAndEvents) {
  const auto client = connect();
  const auto object = open(client, sampleService);
  std::vector<qi::Value> events;
  const auto subscription =
      loop.await(object->subscribe("blob", [&](const qi::Value& event) { events.push_back(event); })).value();
  (*sample.blob)(numbered(mebibyte));
  ASSERT_TRUE(loop.runUntil([&] { return !events.empty(); }));
  EXPECT_EQ(*events[0].as<qi::Tuple>()->items[0].as<qi::Bytes>(), numbered(mebibyte));
  EXPECT_GE(served()->poolSize(), mebibyte);

  const auto keeper = open(client, rawService);
  ASSERT_TRUE(keeper->post("copy", test::tuple(numbered(mebibyte))));
  ASSERT_TRUE(loop.runUntil([&] { return !raws.copies.empty(); }));
  EXPECT_EQ(raws.copies[0], numbered(mebibyte));
  EXPECT_GE(client->poolSize(), mebibyte);
}

TEST_F(ConnectionPoolTest, valuesWithoutACppTypeDoToo) {
  const auto object = open(connect(), sampleService);
  const auto answer = loop.await(object->call("same", test::tuple(numbered(mebibyte)))).value();
  EXPECT_EQ(*answer.inner().as<qi::Bytes>(), numbered(mebibyte));
  EXPECT_GE(object->connection()->poolSize(), mebibyte);
  EXPECT_GE(served()->poolSize(), mebibyte);
}

TEST_F(ConnectionPoolTest, largeAndSmallMessagesKeepTheirOrder) {
  const auto object = open(connect(), rawService);
  std::vector<int> answered;
  const auto count = object->method<std::uint32_t(qi::Bytes)>("copy").value();
  const auto mark = object->method<void(std::int32_t)>("number").value();
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 60; ++i) {
    sizes.push_back(i % 3 == 0 ? 200'000 + static_cast<std::size_t>(i) : static_cast<std::size_t>(i));
    count.call(
        5s, [&, i](const run::Result<std::uint32_t>&) { answered.push_back(2 * i); }, qi::Bytes(sizes.back()));
    mark.call(
        5s, [&, i](const run::Result<>&) { answered.push_back(2 * i + 1); }, i);
  }
  ASSERT_TRUE(loop.runUntil([&] { return answered.size() == 120; }));
  std::vector<int> all(120);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(answered, all);
  ASSERT_EQ(raws.copies.size(), 60u);
  for (std::size_t i = 0; i < 60; ++i) EXPECT_EQ(raws.copies[i].size(), sizes[i]);
}

TEST_F(ConnectionPoolTest, slabsAreUsedAgainAndKeepNoDescriptors) {
  const auto object = open(connect(), rawService);
  const auto before = openDescriptors();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(call<std::uint32_t(qi::Bytes)>(object, "copy", qi::Bytes(mebibyte)));
  EXPECT_LT(object->connection()->poolSize(), 3 * mebibyte);
  EXPECT_EQ(openDescriptors(), before);
}

TEST_F(ConnectionPoolTest, aBufferIsReadWhereItWasFilled) {
  const auto object = open(connect(), rawService);
  auto buffer = object->connection()->takeBuffer(mebibyte);
  ASSERT_TRUE(buffer.isShared());
  const auto filled = buffer.bytes();
  std::ranges::copy(numbered(mebibyte), filled.begin());
  EXPECT_EQ((call<std::uint32_t(std::string, SharedRaw)>(object, "hold", std::string("a"), std::move(buffer).share()))
                .value(),
            mebibyte);
  EXPECT_EQ(raws.names[0], "a");
  EXPECT_TRUE(std::ranges::equal(raws.held[0].bytes(), numbered(mebibyte)));
  // The same memory, which is why a sender must not do this and a reader of anything but a SharedRaw gets a copy.
  filled[0] = 0xEE;
  EXPECT_EQ(raws.held[0].bytes()[0], 0xEE);
}

TEST_F(ConnectionPoolTest, whoDoesNotAskForItNeverReadsMemoryThatThePeerWrites) {
  PoolPeer peer(&loop, endpoint.path);
  peer.authenticate();
  const auto memory = peer.offer(1, mebibyte);
  const auto payload = qi::encode(qi::Bytes(1000, 1));
  std::ranges::copy(payload, memory->bytes().begin());
  // The slab is back with the peer, who may write to it, before anything of it is decoded.
  peer.call({rawService, qi::mainObject, 101},
            qi::encode(pool::Reference(1, 0, static_cast<std::uint32_t>(payload.size()))), pool::pooledFlag);
  EXPECT_EQ(peer.message().header.type, pool::handBackType) << "before the method answers";
  EXPECT_EQ(peer.message().as<std::uint32_t>(), 1000u);
}

TEST_F(ConnectionPoolTest, aRawThatIsKeptIsNotWrittenAgain) {
  const auto object = open(connect(), rawService);
  const auto send = [&](std::uint8_t number) {
    auto buffer = object->connection()->takeBuffer(mebibyte);
    std::ranges::fill(buffer.bytes(), number);
    call<std::uint32_t(std::string, SharedRaw)>(object, "hold", std::string(), std::move(buffer).share()).value();
  };
  for (std::uint8_t i = 0; i < 10; ++i) send(i);
  for (std::uint8_t i = 0; i < 10; ++i) EXPECT_EQ(raws.held[i].bytes()[mebibyte - 1], i);
  const auto grown = object->connection()->poolSize();
  EXPECT_GE(grown, 10 * mebibyte);
  for (std::uint8_t i = 0; i < 10; ++i) {
    raws.held.clear();
    awaitHandBacks(object);
    send(i);
  }
  EXPECT_EQ(object->connection()->poolSize(), grown);
}

TEST_F(ConnectionPoolTest, aRawMayBeDroppedByAnotherThread) {
  const auto object = open(connect(), rawService);
  auto buffer = object->connection()->takeBuffer(mebibyte);
  call<std::uint32_t(std::string, SharedRaw)>(object, "hold", std::string(), std::move(buffer).share()).value();
  std::thread([&] { raws.held.clear(); }).join();
  awaitHandBacks(object);
  const auto grown = object->connection()->poolSize();
  for (int i = 0; i < 5; ++i) call<std::uint32_t(qi::Bytes)>(object, "copy", qi::Bytes(mebibyte)).value();
  EXPECT_EQ(object->connection()->poolSize(), grown);
}

TEST_F(ConnectionPoolTest, aRawThatIsKeptOutlivesTheConnection) {
  const auto object = open(connect(), rawService);
  auto buffer = object->connection()->takeBuffer(mebibyte);
  std::ranges::copy(numbered(mebibyte), buffer.bytes().begin());
  call<std::uint32_t(std::string, SharedRaw)>(object, "hold", std::string(), std::move(buffer).share()).value();
  object->connection()->close({run::Code::connectionLost, "test", {}});
  ASSERT_TRUE(loop.runUntil([&] { return host.ended == 1; }));
  EXPECT_TRUE(std::ranges::equal(raws.held[0].bytes(), numbered(mebibyte)));
  raws.held.clear();
}

TEST_F(ConnectionPoolTest, aBufferOutlivesTheConnectionToo) {
  const auto connection = connect();
  auto buffer = connection->takeBuffer(mebibyte);
  connection->close({run::Code::connectionLost, "test", {}});
  std::ranges::fill(buffer.bytes(), std::uint8_t{1});
  EXPECT_FALSE(connection->takeBuffer(mebibyte).isShared());
}

TEST_F(ConnectionPoolTest, aResultIsReadWhereItWasFilled) {
  const auto client = connect();
  const auto object = open(client, rawService);
  raws.connections = host.callers;
  auto kept = call<SharedRaw()>(object, "take").value();
  EXPECT_TRUE(std::ranges::equal(kept.bytes(), numbered(mebibyte)));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(kept.bytes().data()) % 4096, 0u) << "no copy of it";
  const auto one = served()->poolSize();
  const auto second = call<SharedRaw()>(object, "take").value();
  EXPECT_GT(served()->poolSize(), one);
  kept = {};
  ASSERT_TRUE(call<qi::Bytes()>(object, "take"));
  EXPECT_EQ(call<qi::Bytes()>(object, "take").value(), numbered(mebibyte));
  EXPECT_EQ(served()->poolSize(), 2 * one);
}

TEST_F(ConnectionPoolTest, aRawOfThisProcessIsSentLikeAnyOther) {
  const auto object = open(connect(), rawService);
  raws.given = SharedRaw(numbered(mebibyte));
  EXPECT_EQ(call<qi::Bytes()>(object, "give").value(), numbered(mebibyte));
  raws.given = SharedRaw(numbered(10));
  EXPECT_EQ(call<qi::Bytes()>(object, "give").value(), numbered(10));
  EXPECT_TRUE(std::ranges::equal(call<SharedRaw()>(object, "give").value().bytes(), numbered(10)));
}

TEST_F(ConnectionPoolTest, aSharedRawGoesOverTcpAsWell) {
  const auto tcp = listener.start({"127.0.0.1", 0}).value();
  const auto object = open(loop.await(dial(loop.io, tcp, {}, log)).value(), rawService);
  auto buffer = object->connection()->takeBuffer(mebibyte);
  EXPECT_FALSE(buffer.isShared());
  std::ranges::copy(numbered(mebibyte), buffer.bytes().begin());
  call<std::uint32_t(std::string, SharedRaw)>(object, "hold", std::string("a"), std::move(buffer).share()).value();
  EXPECT_TRUE(std::ranges::equal(raws.held[0].bytes(), numbered(mebibyte)));
  EXPECT_EQ(object->connection()->poolSize(), 0u);
  object->connection()->close({run::Code::connectionLost, "test", {}});
}

TEST_F(ConnectionPoolTest, onTcpNothingIsSaidOfIt) {
  const auto tcp = listener.start({"127.0.0.1", 0}).value();
  test::RawPeer peer(loop, tcp);
  auto map = qi::ownCapabilities();
  map.emplace(qi::capability::beckonPool, qi::dynamic(true));
  EXPECT_FALSE(peer.authenticate(map).as<qi::CapabilityMap>().contains(qi::capability::beckonPool));
  const auto answer = peer.ask({sampleService, qi::mainObject, sample.ids.big}, qi::encode(std::uint32_t{mebibyte}));
  EXPECT_EQ(answer.as<qi::Bytes>().size(), mebibyte);
}

TEST_F(ConnectionPoolTest, aPeerWithoutItGetsEverythingOnTheSocket) {
  PoolPeer peer(&loop, endpoint.path);
  EXPECT_TRUE(peer.authenticate(false).as<qi::CapabilityMap>().contains(qi::capability::beckonPool));
  peer.call({sampleService, qi::mainObject, sample.ids.big}, qi::encode(std::uint32_t{mebibyte}));
  const auto answer = peer.message();
  EXPECT_EQ(answer.header.type, MessageType::reply);
  EXPECT_EQ(answer.header.flags, 0);
  EXPECT_EQ(answer.as<qi::Bytes>().size(), mebibyte);
  // Types and flags that were not agreed on mean nothing.
  peer.send({0, 0, 0, pool::handBackType, 0, {}}, qi::encode(std::uint32_t{1}));
  peer.call({sampleService, qi::mainObject, sample.ids.add}, qi::encodeAll({}, 1, 2));
  EXPECT_EQ(peer.message().as<int>(), 3);
}

TEST_F(ConnectionPoolTest, memoryThatIsNotUsedIsGivenBack) {
  PoolPeer peer(&loop, endpoint.path);
  peer.authenticate();
  peer.call({sampleService, qi::mainObject, sample.ids.big}, qi::encode(std::uint32_t{mebibyte}));
  const auto slab = std::get<0>(peer.message().as<pool::Offer>());
  EXPECT_EQ(peer.message().header.flags, pool::pooledFlag);
  peer.send({0, 0, 0, pool::handBackType, 0, {}}, qi::encode(slab));
  ASSERT_TRUE(loop.runUntil([&] { return served()->poolSize() == 0; }, 3 * Pool::idleTime));
  const auto dropped = peer.message();
  EXPECT_EQ(dropped.header.type, pool::dropType);
  EXPECT_EQ(dropped.as<std::uint32_t>(), slab);
}

TEST_F(ConnectionPoolTest, aPeerThatHandsNothingBackIsServedOnTheSocket) {
  PoolPeer peer(&loop, endpoint.path);
  peer.authenticate();
  int pooled = 0, whole = 0;
  for (int i = 0; i < 60; ++i) {
    peer.call({sampleService, qi::mainObject, sample.ids.big}, qi::encode(std::uint32_t{2 * mebibyte}));
    auto answer = peer.message();
    if (answer.header.type == pool::slabType) answer = peer.message();
    ASSERT_EQ(answer.header.type, MessageType::reply);
    if (answer.header.flags == pool::pooledFlag)
      ++pooled;
    else
      whole += answer.as<qi::Bytes>().size() == 2 * mebibyte;
  }
  EXPECT_EQ(pooled + whole, 60);
  EXPECT_GT(pooled, 20);
  EXPECT_GT(whole, 20);
  EXPECT_EQ(peer.descriptors.size(), static_cast<std::size_t>(pooled));
  EXPECT_LE(served()->poolSize(), qi::limits::maxPool);
}

// What a hostile peer on a real socket tries; each time it is closed, and others are served.
class HostilePoolTest : public ConnectionPoolTest {
 protected:
  HostilePoolTest() { peer.authenticate(); }
  void callIn(pool::Reference reference) {
    peer.call({rawService, qi::mainObject, 100}, qi::encode(reference), pool::pooledFlag);
  }
  PoolPeer peer{&loop, endpoint.path};
};

TEST_F(HostilePoolTest, aPayloadBeyondItsSlabIsClosed) {
  peer.offer(1, 65536);
  callIn({1, 65536 - 10, 11});
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(raws.held.empty());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, anOffsetThatWrapsIsClosed) {
  peer.offer(1, 65536);
  callIn({1, 0xFFFFFFFF, 2});
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, aSlabThatWasNeverOfferedIsClosed) {
  callIn({1, 0, 1});
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, aSlabThatIsReadAlreadyIsClosed) {
  const auto memory = peer.offer(1, 65536);
  std::ranges::copy(qi::encodeAll({}, std::string(), qi::Bytes(100)), memory->bytes().begin());
  callIn({1, 0, 108});
  EXPECT_EQ(peer.message().as<std::uint32_t>(), 100u);
  callIn({1, 0, 108});
  EXPECT_TRUE(peer.closes());
  EXPECT_EQ(raws.held.size(), 1u);
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, aFileThatCouldBeCutShortIsClosed) {
  const Descriptor file(::memfd_create("x", MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(file.get(), 65536), 0);
  peer.send({0, 0, 0, pool::slabType, 0, {}}, qi::encode(pool::Offer(1, 65536)), file.get());
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, anOfferWithoutADescriptorIsClosed) {
  peer.send({0, 0, 0, pool::slabType, 0, {}}, qi::encode(pool::Offer(1, 65536)));
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, aSlabThatIsHandedBackUnlentIsClosed) {
  peer.send({0, 0, 0, pool::handBackType, 0, {}}, qi::encode(std::uint32_t{1}));
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, oneThatIsDroppedInUseIsClosed) {
  peer.send({0, 0, 0, pool::dropType, 0, {}}, qi::encode(std::uint32_t{1}));
  EXPECT_TRUE(peer.closes());
  EXPECT_TRUE(othersAreServed());
}

TEST_F(HostilePoolTest, descriptorsWithoutOffersAreClosedWithTheConnection) {
  const auto before = openDescriptors();
  const auto made = SharedMemory::make(65536).value();
  try {
    for (int i = 0; i < 200; ++i)
      peer.send({0, 0, 0, MessageType::post, 0, {sampleService, 1, sample.ids.nothing}}, {}, made.descriptor.get());
  } catch (const std::runtime_error&) {  // it was closed meanwhile
  }
  EXPECT_TRUE(peer.closes());
  EXPECT_LE(sample.nothings, 65);
  EXPECT_LE(openDescriptors(), before + 1);  // `made`
  EXPECT_TRUE(othersAreServed());
}

TEST_F(ConnectionPoolTest, descriptorsOfAStrangerAreClosedAtOnce) {
  PoolPeer peer(&loop, endpoint.path);
  loop.poll();
  const auto made = SharedMemory::make(65536).value();
  const auto before = openDescriptors();
  for (int i = 0; i < 50; ++i)
    peer.send({1, 0, 0, MessageType::post, 0, {sampleService, 1, sample.ids.nothing}}, {}, made.descriptor.get());
  EXPECT_EQ(openDescriptors(), before);
}

// Runs `body` in a process of its own; kill() ends it by force.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<int()>& body) : pid_(::fork()) {
    if (pid_ == 0) ::_exit(body());
  }
  ~OtherProcess() { kill(); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  // Its exit code, once it has ended.
  std::optional<int> ended() {
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return {};
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
};

// In another process: calls hold() with a buffer from the bus until it is killed.
int holdForEver(const Endpoint& endpoint) {
  test::Loop loop;
  const auto connection = loop.await(dial(loop.io, endpoint, {}, run::silentLog())).value();
  const auto object = loop.await(RemoteObject::open(connection, rawService, "it")).value();
  auto buffer = connection->takeBuffer(mebibyte);
  std::ranges::copy(numbered(mebibyte), buffer.bytes().begin());
  const auto hold = object->method<std::uint32_t(std::string, SharedRaw)>("hold").value();
  const auto size = loop.await(hold("other", std::move(buffer).share()));
  if (!size || *size != mebibyte || connection->poolSize() == 0) return 1;
  for (;;) ::pause();
}

TEST_F(ConnectionPoolTest, carriesBetweenTwoProcessesAndOutlivesTheOneThatIsKilled) {
  OtherProcess other([&] { return holdForEver(endpoint); });
  ASSERT_TRUE(loop.runUntil([&] { return !raws.held.empty(); }));
  other.kill();
  ASSERT_TRUE(loop.runUntil([&] { return host.ended == 1; }));
  EXPECT_TRUE(std::ranges::equal(raws.held[0].bytes(), numbered(mebibyte)));
}

// In another process: what it can do to the memory that it was sent. 0: nothing but read.
int tryToWrite(const std::string& path, std::uint32_t action) {
  PoolPeer peer(nullptr, path);
  peer.authenticate();
  peer.call({sampleService, qi::mainObject, action}, qi::encode(std::uint32_t{mebibyte}));
  const auto offer = peer.message();
  const auto reply = peer.message();
  if (offer.header.type != pool::slabType || reply.header.flags != pool::pooledFlag || peer.descriptors.size() != 1)
    return 1;
  const int descriptor = peer.descriptors[0].get();
  const auto size = std::get<1>(offer.as<pool::Offer>());
  if (::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) != MAP_FAILED) return 2;
  if (::ftruncate(descriptor, 0) == 0) return 3;
  if (::pwrite(descriptor, "x", 1, 0) == 1) return 4;
  void* const read = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (read == MAP_FAILED) return 5;
  if (::mprotect(read, size, PROT_READ | PROT_WRITE) == 0) return 6;
  return static_cast<const std::uint8_t*>(read)[mebibyte - 1] == 0x5A ? 0 : 7;
}

TEST_F(ConnectionPoolTest, anotherProcessCanNeitherWriteNorShrinkWhatItIsSent) {
  OtherProcess other([&] { return tryToWrite(endpoint.path, sample.ids.big); });
  std::optional<int> code;
  ASSERT_TRUE(loop.runUntil([&] { return (code = other.ended()).has_value(); }));
  EXPECT_EQ(*code, 0);
}

}  // namespace
}  // namespace beckon::localbus
