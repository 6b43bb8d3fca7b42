// Whatever a server sends, a client of it ends all that it asked for, and goes on being served by others. Input:
// live_frames.hpp; the mode's bits:
//   1 it is a service's own endpoint, not a directory            2 the first questions are answered as they should be
//   4 it reads nothing until the first message is sent           8 it sends all at once, and its answers fit no calls
//   16 the client has a cache of meta objects                    32 the client has credentials
#include "core/qi/capabilities.hpp"
#include "directory/service_directory.hpp"
#include "directory/session.hpp"
#include "localbus/dial.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/live_frames.hpp"
#include "tests/fuzz/live_peer.hpp"
#include "tests/fuzz/live_process.hpp"
#include "tests/interop/vec.hpp"
#include "tests/localbus/loop.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <optional>

using namespace beckon;
using boost::asio::awaitable;
using directory::ServiceInfo;
using directory::Session;
using fuzz::check;
using localbus::Descriptor;
using localbus::RemoteObject;
using qi::Value;

namespace {

const std::string machineId = "9b6be4df-9f5d-4fc9-9137-92dafb74c073";
// How often the honest directory is asked, in inputs.
constexpr std::size_t honestEach = 16;
constexpr std::uint32_t vecService = 2;

struct Mode {
  bool isService, isHelped, isDeaf, isWhole, hasCache, hasCredentials;
  explicit Mode(std::uint8_t bits)
      : isService(bits & 1),
        isHelped(bits & 2),
        isDeaf(bits & 4),
        isWhole(bits & 8),
        hasCache(bits & 16),
        hasCredentials(bits & 32) {}
};

Session::Options options(const Mode& mode) {
  Session::Options made;
  made.machineId = machineId;
  made.unixSockets = false;
  if (mode.hasCache) made.capabilities[qi::capability::metaObjectCache] = qi::dynamic(true);
  if (!mode.hasCredentials) return made;
  made.credentials = {{"auth_user", qi::dynamic(std::string("nao"))}};
  made.moreCredentials = [](const qi::CapabilityMap& asked) {
    auto answer = asked;
    answer["auth_token"] = qi::dynamic(std::string("secret"));
    return answer;
  };
  return made;
}

template <class... Args>
Value tuple(const Args&... args) {
  return qi::Tuple{{qi::toValue(args)...}, {}};
}

Descriptor listenOn(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  check(::listen(socket.get(), 64) == 0);
  return socket;
}

// What one input's client does, all of it at once, so that every answer finds a question. What is under way is counted.
class Program : public std::enable_shared_from_this<Program> {
 public:
  explicit Program(boost::asio::io_context& io) : io_(io) {}

  void begin(const localbus::Endpoint& at, Mode mode) { run(mode.isService ? useService(at) : useDirectory(at, mode)); }
  void end() {
    if (session_) session_->close();
    if (connection_) connection_->close({run::Code::connectionLost, "the input ends", {}});
    subscriptions_.clear();
    watches_.clear();
    children_.clear();
    session_.reset();
    connection_.reset();
  }
  bool isDone() const { return underWay_ == 0; }

 private:
  using Object = std::shared_ptr<RemoteObject>;

  void run(awaitable<void> work) {
    ++underWay_;
    boost::asio::co_spawn(io_, std::move(work), [self = shared_from_this()](const std::exception_ptr& thrown) {
      check(!thrown);
      --self->underWay_;
    });
  }

  awaitable<void> useDirectory(localbus::Endpoint at, Mode mode) {
    auto connecting = Session::connect(io_, at, options(mode), run::silentLog());
    const auto session = co_await std::move(connecting);
    if (!session) co_return;
    session_ = *session;
    session_->onService([](bool, std::uint32_t, const std::string&) {});
    run(lists());
    run(provides());
    run(finds());
    run(watches());
  }
  awaitable<void> useService(localbus::Endpoint at) {
    localbus::DialOptions how;
    auto dialing = localbus::dial(io_, at, how, run::silentLog());
    const auto connection = co_await std::move(dialing);
    if (!connection) co_return;
    connection_ = *connection;
    auto opening = RemoteObject::open(*connection, vecService, "Vec");
    const auto object = co_await std::move(opening);
    if (object) use(*object);
  }

  awaitable<void> lists() {
    const auto session = session_;
    const auto services = co_await session->services();
  }
  awaitable<void> provides() {
    const auto session = session_;
    auto registering = session->registerService("Mine", test::makeVec());
    const auto id = co_await std::move(registering);
    if (!id) co_return;
    auto ending = session->unregisterService(*id + 1);
    const auto ended = co_await std::move(ending);
  }
  awaitable<void> finds() {
    const auto session = session_;
    auto finding = session->service("Vec");
    const auto object = co_await std::move(finding);
    if (object) use(*object);
  }
  awaitable<void> watches() {
    const auto session = session_;
    directory::Watch::Handlers handlers;
    handlers.event = [](const Value&) {};
    auto watching = session->watch("Vec", "tick", std::move(handlers));
    const auto watch = co_await std::move(watching);
    if (watch) watches_.push_back(*watch);
  }

  void use(const Object& object) {
    run(callTyped<std::int32_t, std::int32_t, std::int32_t>(object, "add", 2, 40));
    run(callTyped<std::string, std::string>(object, "hello", "bus"));
    run(callTyped<qi::Bytes, qi::Bytes>(object, "er", qi::Bytes(100)));
    run(callTyped<Value, Value>(object, "em", qi::dynamic(7)));
    run(callTyped<test::Point, test::Point>(object, "estruct", {}));
    run(callTyped<std::vector<Value>, std::vector<Value>>(object, "elm", {qi::dynamic(1)}));
    run(callTyped<std::int64_t>(object, "fail"));  // a number of another size
    run(callTyped<std::int32_t, std::shared_ptr<localbus::Object>>(object, "useChild", test::makeChild()));
    run(callTyped<void>(object, "slow"));
    run(callByName(object, "many",
                   tuple(true, 3, 1.5F, 2.5, std::string("s"), std::vector<std::string>{"u"},
                         std::map<std::string, Value>{{"k", qi::dynamic(1)}})));
    run(callByName(object, "emap", tuple(std::map<std::string, std::int32_t>{{"a", 1}})));
    run(callByName(object, "eopt", tuple(std::optional<std::int32_t>(5))));
    run(callByName(object, "nullObj", tuple()));
    run(callByName(object, "stats", tuple()));
    run(useChild(object));
    run(useProperty(object));
    run(subscribe(object, "tick", {}));
    run(subscribe(object, "tick", qi::Signature::of("(ls)")));
    run(subscribe(object, "level", {}));
    object->post("fire", tuple(std::int32_t{1}));
    object->post("tick", tuple(std::int32_t{77}, std::string("posted")));
    if (const auto* slow = object->metaObject().findMethod("slow")) {
      const auto call = object->callAction(slow->uid, {}, RemoteObject::defaultTimeout, [](auto) {});
      object->connection()->cancel(call);
    }
  }
  template <class R, class... Args>
  awaitable<void> callTyped(Object object, std::string name, Args... args) {
    const auto method = object->method<R(Args...)>(name);
    if (!method) co_return;
    auto calling = (*method)(std::move(args)...);
    const auto result = co_await std::move(calling);
  }
  awaitable<void> callByName(Object object, std::string name, Value arguments) {
    auto calling = object->call(name, std::move(arguments));
    const auto result = co_await std::move(calling);
  }
  awaitable<void> useChild(Object object) {
    auto making = object->call("makeChild", tuple());
    const auto made = co_await std::move(making);
    const auto child = made ? qi::fromValue<Object>(*made) : made.error();
    if (!child || !*child) co_return;
    children_.push_back(*child);
    run(callByName(*child, "answer", tuple()));
    run(subscribe(*child, "childSig", {}));
    run(callTyped<std::int32_t, Object>(object, "useChild", *child));
  }
  awaitable<void> useProperty(Object object) {
    auto setting = object->setProperty("level", 17);
    const auto set = co_await std::move(setting);
    auto getting = object->property("level");
    const auto value = co_await std::move(getting);
  }
  awaitable<void> subscribe(Object object, std::string signal, std::optional<qi::Signature> wanted) {
    auto heard = [](const Value&) {};
    auto subscribing = wanted ? object->subscribeAs(signal, *wanted, heard) : object->subscribe(signal, heard);
    const auto subscribed = co_await std::move(subscribing);
    if (subscribed) subscriptions_.push_back(*subscribed);
  }

  boost::asio::io_context& io_;
  std::size_t underWay_ = 0;
  std::shared_ptr<Session> session_;
  std::shared_ptr<localbus::Connection> connection_;
  std::vector<std::shared_ptr<RemoteObject::Subscription>> subscriptions_;
  std::vector<std::shared_ptr<directory::Watch>> watches_;
  std::vector<Object> children_;
};

class World {
 public:
  World() {
    const auto at = localbus::Endpoint::unixSocket(honestSocket_);
    check(bool(honestDirectory_.start(at)));
    check(bool(honestDirectory_.add("Vec", vec_)));
    honest_ = loop_.await(Session::connect(loop_.io, at, options(Mode(0)), run::silentLog())).value();
    const auto directory = loop_.await(honest_->service("ServiceDirectory")).value();
    directoryMetaObject_ = qi::encode(directory->metaObject());
    serve();
  }
  ~World() {
    honest_->close();
    honestDirectory_.stop();
    loop_.poll();
  }

  void play(Mode mode, qi::ByteView stream) {
    memory_.begin();
    meet(mode, stream);
    memory_.end();
    if (++inputs_ % honestEach == 0) serve();
  }

 private:
  void meet(Mode mode, qi::ByteView stream) {
    auto program = std::make_shared<Program>(loop_.io);
    program->begin(localbus::Endpoint::unixSocket(socket_), mode);
    loop_.poll();
    auto peer = fuzz::LivePeer(loop_.io, Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    if (mode.isHelped) peer.setHelper([this](const qi::Address& called) { return help(called); });
    peer.setReads(!mode.isDeaf);
    peer.settle();
    const auto frames = mode.isWhole ? std::vector{stream} : fuzz::framesOf(stream);
    for (const auto frame : frames) {
      peer.send(frame);
      peer.setReads(true);
      peer.settle();
      memory_.check();
    }
    peer.close();
    peer.settle();
    program->end();
    // A session that looked for its directory again.
    for (int again; (again = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) Descriptor{again};
    check(loop_.runUntil([&] { return program->isDone(); }));
    program.reset();
    loop_.poll();
  }

  // What a sound server says first, in either role.
  std::optional<qi::Bytes> help(const qi::Address& called) const {
    if (called == qi::Address{qi::serverService, 0, qi::action::authenticate}) {
      auto map = qi::ownCapabilities();
      map[qi::capability::metaObjectCache] = qi::dynamic(true);
      map.emplace(qi::capability::beckonPool, qi::dynamic(true));
      map.emplace("__qi_auth_state", qi::dynamic(std::uint32_t{3}));
      return qi::encode(map);
    }
    if (called.object != qi::mainObject) return {};
    if (called.action == qi::action::metaObject)
      return called.service == qi::directoryService ? directoryMetaObject_ : qi::encode(vec_->metaObject());
    if (called.service != qi::directoryService) return {};
    if (called.action == qi::action::registerEvent) return qi::encode(std::uint64_t{1});
    // It has no endpoint, so that it is reached through this connection.
    if (called.action == 100) return qi::encode(ServiceInfo{"Vec", vecService, machineId, 1, {}, "of Vec", {}});
    return {};
  }
  void serve() {
    const auto object = loop_.await(honest_->service("Vec")).value();
    const auto add = object->method<std::int32_t(std::int32_t, std::int32_t)>("add").value();
    check(loop_.await(add(2, 40)).value() == 42);
    check(loop_.await(honest_->services()).value().size() == 2);
  }

  test::Loop loop_;
  test::TemporaryFolder folder_;
  const std::string socket_ = folder_.path() / "fuzzed", honestSocket_ = folder_.path() / "honest";
  const std::shared_ptr<localbus::Object> vec_ = test::makeVec();
  directory::ServiceDirectory honestDirectory_{loop_.io, machineId, run::silentLog()};
  Descriptor listening_ = listenOn(socket_);
  std::shared_ptr<Session> honest_;
  qi::Bytes directoryMetaObject_;
  fuzz::MemoryWatch memory_;
  std::size_t inputs_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size > 0) world.play(Mode(data[0]), {data + 1, size - 1});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t limit, unsigned seed) {
  return fuzz::mutateFrames(data, size, limit, seed);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t oneSize,
                                                 const std::uint8_t* other, std::size_t otherSize, std::uint8_t* out,
                                                 std::size_t limit, unsigned seed) {
  return fuzz::crossFrames({one, oneSize}, {other, otherSize}, out, limit, seed);
}
