// Whatever a client sends, a directory and a service go on serving others. Input: live_frames.hpp; the mode's bits:
//   1 to the service's own process, not to the directory      2 the client has authenticated already
//   4 it reads nothing                                         8 it sends all at once, and answers nothing
//
// The programs live from input to input, as they do on a robot: a failure may need inputs before the last one.
#include "directory/service_directory.hpp"
#include "directory/session.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/live_frames.hpp"
#include "tests/fuzz/live_peer.hpp"
#include "tests/fuzz/live_process.hpp"
#include "tests/interop/vec.hpp"
#include "tests/localbus/loop.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

using namespace beckon;
using boost::asio::awaitable;
using directory::Session;
using fuzz::check;
using localbus::RemoteObject;

namespace {

const std::string machineId = "9b6be4df-9f5d-4fc9-9137-92dafb74c073";
// How often the honest client asks, in inputs.
constexpr std::size_t honestEach = 16;

struct Mode {
  bool ofService, isAuthenticated, isDeaf, isWhole;
  explicit Mode(std::uint8_t bits)
      : ofService(bits & 1), isAuthenticated(bits & 2), isDeaf(bits & 4), isWhole(bits & 8) {}
};

qi::CapabilityMap capabilities() {
  auto map = qi::ownCapabilities();
  map[qi::capability::metaObjectCache] = qi::dynamic(true);
  return map;
}

Session::Options options() {
  Session::Options made;
  made.machineId = machineId;
  made.capabilities = capabilities();
  return made;
}

// A directory with the service Vec in its own process, a program that provides Behind, which a client reaches through
// the directory as well, and an honest client of both, who also looks at what the fuzzed one registers.
class World {
 public:
  World() {
    check(bool(directory_.start(localbus::Endpoint::unixSocket(socket_))));
    check(bool(directory_.add("Vec", test::makeVec())));
    const auto at = localbus::Endpoint::unixSocket(socket_);
    provider_ = loop_.await(Session::connect(loop_.io, at, options(), run::silentLog())).value();
    check(bool(loop_.await(provider_->registerService("Behind", test::makeVec()))));
    honest_ = loop_.await(Session::connect(loop_.io, at, options(), run::silentLog())).value();
    for (const auto& info : loop_.await(honest_->services()).value())
      for (const auto& url : info.endpoints)
        if (info.name == "Behind" && localbus::Endpoint::parse(url).value().isUnix())
          serviceSocket_ = localbus::Endpoint::parse(url).value().path;
    check(!serviceSocket_.empty());
    honest_->onService([this](bool isThere, std::uint32_t, const std::string& name) {
      if (isThere) boost::asio::co_spawn(loop_.io, use(name), boost::asio::detached);
    });
    serve();
  }
  ~World() {
    honest_->close();
    provider_->close();
    directory_.stop();
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
    auto peer = fuzz::LivePeer::dial(loop_.io, mode.ofService ? serviceSocket_ : socket_);
    peer.setReads(!mode.isDeaf);
    if (mode.isAuthenticated) {
      const auto map = qi::encode(capabilitiesOfClient());
      qi::Header header{1, static_cast<std::uint32_t>(map.size()), 0, qi::MessageType::call, 0, {0, 0, 8}};
      const auto head = header.encode();
      qi::Bytes hello(head.begin(), head.end());
      hello.insert(hello.end(), map.begin(), map.end());
      peer.send(hello);
      peer.settle();
    }
    const auto frames = mode.isWhole ? std::vector{stream} : fuzz::framesOf(stream);
    for (const auto frame : frames) {
      peer.send(frame);
      peer.settle();
      memory_.check();
    }
    peer.close();
    peer.settle();
    check(loop_.runUntil([&] { return users_ == 0; }));
  }

  static qi::CapabilityMap capabilitiesOfClient() {
    auto map = capabilities();
    map.emplace(qi::capability::beckonPool, qi::dynamic(true));
    map.emplace(qi::capability::beckonRelay, qi::dynamic(true));
    return map;
  }

  // Both services answer, and the directory lists them under the same numbers and nothing else.
  void serve() {
    for (const auto* name : {"Vec", "Behind"}) {
      const auto object = loop_.await(honest_->service(name)).value();
      const auto add = object->method<std::int32_t(std::int32_t, std::int32_t)>("add").value();
      check(loop_.await(add(2, 40)).value() == 42);
      const auto text = tuple(std::string("grüezi"));
      check(*loop_.await(object->call("es", text)).value().as<std::string>() == "grüezi");
    }
    std::vector<std::string> names;
    for (const auto& info : loop_.await(honest_->services()).value())
      names.push_back(info.name + " " + std::to_string(info.serviceId));
    check(names == std::vector<std::string>{"ServiceDirectory 1", "Vec 2", "Behind 3"});
  }
  template <class... Args>
  static qi::Value tuple(const Args&... args) {
    return qi::Tuple{{qi::toValue(args)...}, {}};
  }

  // What the fuzzed client registered, called through the directory: it has no endpoint that answers.
  awaitable<void> use(std::string name) {
    ++users_;
    const auto object = co_await honest_->service(name);
    if (object) {
      auto heard = [](const qi::Value&) {};
      for (const auto& [id, signal] : (*object)->metaObject().signals) {
        auto subscribing = (*object)->subscribe(signal.name, heard);
        const auto subscribed = co_await std::move(subscribing);
        break;
      }
      for (const auto& [id, method] : (*object)->metaObject().methods) {
        if (id < qi::firstUserAction || method.parametersSignature != "()") continue;
        auto calling = (*object)->call(method.name, tuple());
        const auto result = co_await std::move(calling);
        break;
      }
      for (const auto& [id, property] : (*object)->metaObject().properties) {
        auto asking = (*object)->property(property.name);
        const auto value = co_await std::move(asking);
        break;
      }
    }
    --users_;
  }

  test::Loop loop_;
  test::TemporaryFolder folder_;
  const std::string socket_ = folder_.path() / "directory";
  std::string serviceSocket_;
  directory::ServiceDirectory directory_{loop_.io, machineId, run::silentLog(), {}, capabilities()};
  std::shared_ptr<Session> provider_, honest_;
  fuzz::MemoryWatch memory_;
  std::size_t inputs_ = 0, users_ = 0;
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
