#pragma once

#include "localbus/forwarded_object.hpp"
#include "localbus/object_table.hpp"
#include "localbus/object_value.hpp"
#include "tests/localbus/sample.hpp"

// Objects that travel: something small to give away, a service that gives, takes and keeps such things, and ways
// to reach it from several "processes", which here are connections.
namespace beckon::test {

using OwnObject = std::shared_ptr<localbus::Object>;
using Proxy = std::shared_ptr<localbus::RemoteObject>;

template <class T>
struct Named {
  std::string name;
  std::shared_ptr<T> object;
};

// Objects in everything that can hold one.
template <class T>
struct Everywhere {
  std::vector<std::shared_ptr<T>> list;
  std::map<std::string, std::shared_ptr<T>> map;
  Named<T> named;
  qi::Value dynamic;
};

}  // namespace beckon::test

template <class T>
struct beckon::qi::Struct<beckon::test::Named<T>> {
  using N = beckon::test::Named<T>;
  static constexpr Text name{"Named"};
  static constexpr auto fields = std::tuple{Field{Text{"name"}, &N::name}, Field{Text{"object"}, &N::object}};
};

template <class T>
struct beckon::qi::Struct<beckon::test::Everywhere<T>> {
  using E = beckon::test::Everywhere<T>;
  static constexpr Text name{"Everywhere"};
  static constexpr auto fields = std::tuple{Field{Text{"list"}, &E::list}, Field{Text{"map"}, &E::map},
                                            Field{Text{"named"}, &E::named}, Field{Text{"dynamic"}, &E::dynamic}};
};

namespace beckon::test {

// A small object with a member of every kind. Must outlive its connections.
class Counter {
 public:
  explicit Counter(OwnObject child = nullptr) {
    localbus::ObjectBuilder builder;
    ids.add = builder.method("add", [this](std::int32_t x) { return total += x; });
    ids.fail = builder.method("fail", []() -> run::Result<std::int32_t> {
      return run::Error{run::Code::callFailed, "deliberate failure", {}};
    });
    builder.method("later", [this](localbus::Reply<std::int32_t> reply) {
      reply.onCancel([this] {
        ++cancels;
        for (auto& each : waiting) each.canceled();
      });
      waiting.push_back(std::move(reply));
    });
    builder.method("child", [child] { return child; });
    builder.method("takes", [this](const Proxy& other) {
      taken = other;
      return other != nullptr;
    });
    ids.counted = builder.method("ignored", [] {}) + 1;
    counted.emplace(builder.signal<std::int32_t>("counted"));
    step.emplace(builder.property<std::int32_t>("step", 1));
    object = builder.build();
  }

  struct {
    std::uint32_t add, fail, counted;
  } ids{};
  std::int32_t total = 0;
  int cancels = 0;
  std::vector<localbus::Reply<std::int32_t>> waiting;  // calls of later()
  Proxy taken;
  std::optional<localbus::SignalHandle<std::int32_t>> counted;
  std::optional<localbus::PropertyHandle<std::int32_t>> step;
  OwnObject object;
};

// An object without members.
class Speck final : public localbus::BoundObject {
 public:
  const qi::MetaObject& metaObject() const override { return meta_; }
  const qi::ObjectUid& uid() const override { return uid_; }
  void received(const std::shared_ptr<localbus::Connection>&, const qi::Message&) override {}
  void released(std::uint64_t, std::uint32_t, std::uint32_t) override { ++releases; }
  int releases = 0;

 private:
  qi::MetaObject meta_;
  qi::ObjectUid uid_ = localbus::newObjectUid();
};

class ObjectsService {
 public:
  ObjectsService() {
    localbus::ObjectBuilder builder;
    ids.get = builder.method("get", [this] { return counter.object; });
    ids.none = builder.method("none", [] { return OwnObject(); });
    ids.use = builder.method("use", [](localbus::Reply<std::int32_t> reply, const Proxy& adder, std::int32_t x) {
      if (!adder) return reply(run::Error{run::Code::badArguments, "the null object cannot add", {}});
      const auto add = adder->method<std::int32_t(std::int32_t)>("add");
      if (!add) return reply(add.error());
      const auto later = std::make_shared<localbus::Reply<std::int32_t>>(std::move(reply));
      add->call(
          Loop::patience, [later, adder](run::Result<std::int32_t> sum) { (*later)(std::move(sum)); }, x);
    });
    ids.keep = builder.method("keep", [this](const Proxy& keep) { kept = keep; });
    ids.getKept = builder.method("kept", [this] { return kept; });
    ids.count = builder.method("count", [this](const Everywhere<localbus::RemoteObject>& all) {
      taken = all;
      return static_cast<std::int32_t>(all.list.size() + all.map.size());
    });
    builder.method("everywhere", [this] {
      const auto& given = counter.object;
      return Everywhere<localbus::Object>{
          {given, nullptr, given}, {{"a", given}}, {"b", given}, qi::dynamic(qi::toValue(given))};
    });
    ids.many = builder.method(
        "many", [this](std::uint32_t count) { return std::vector<std::shared_ptr<Speck>>(count, speck); });
    ids.made = builder.method("ignored", [] {}) + 1;
    made.emplace(builder.signal<OwnObject>("made"));
    current.emplace(builder.property<OwnObject>("current", counter.object));
    chosen.emplace(builder.property<Proxy>("chosen", nullptr));
    object = builder.build();
  }

  struct {
    std::uint32_t get, none, use, keep, getKept, count, many, made;
  } ids{};
  Counter counter;
  std::shared_ptr<Speck> speck = std::make_shared<Speck>();
  Proxy kept;
  Everywhere<localbus::RemoteObject> taken;
  std::optional<localbus::SignalHandle<OwnObject>> made;
  std::optional<localbus::PropertyHandle<OwnObject>> current;
  std::optional<localbus::PropertyHandle<Proxy>> chosen;
  OwnObject object;
};

inline qi::CapabilityMap capabilitiesWith(const char* name, bool value) {
  auto map = qi::ownCapabilities();
  map[name] = qi::dynamic(value);
  return map;
}

// The service, and clients whose both ends a test can look at.
class ObjectsBus {
 public:
  ObjectsBus() { host.add(sampleService, qi::mainObject, service.object); }
  ~ObjectsBus() {
    for (const auto& connection : ends_) connection->close({run::Code::connectionLost, "the test ends", {}});
  }

  // A client: what it tells, and what the service's end tells it.
  std::shared_ptr<localbus::Connection> join(qi::CapabilityMap own = qi::ownCapabilities(),
                                             qi::CapabilityMap remote = qi::ownCapabilities()) {
    localbus::Socket socket(loop.io.get_executor());
    socket.connect(acceptor_.local_endpoint());
    const auto connection = localbus::Connection::connected(std::move(socket), {}, {}, nullptr, log, std::move(own));
    ends_.push_back(connection);
    serverEnds_[connection->id()] = acceptEnd(std::move(remote));
    bool isReady = false;
    connection->start([&](run::Result<> result) { isReady = result.has_value(); });
    if (!loop.runUntil([&] { return isReady; })) throw std::runtime_error("not connected in time");
    return connection;
  }
  // A client that a test plays itself.
  RawPeer raw(const qi::CapabilityMap& own = qi::ownCapabilities(), qi::CapabilityMap remote = qi::ownCapabilities()) {
    RawPeer peer(loop, {"127.0.0.1", acceptor_.local_endpoint().port()});
    lastEnd = acceptEnd(std::move(remote));
    peer.authenticate(own);
    return peer;
  }
  Proxy open(const std::shared_ptr<localbus::Connection>& connection) {
    return loop.await(localbus::RemoteObject::open(connection, sampleService, "Objects")).value();
  }
  // The service's end of a client.
  std::shared_ptr<localbus::Connection> serverEnd(const Proxy& client) {
    return serverEnds_.at(client->connection()->id());
  }
  // How many objects of the service that client has.
  std::size_t given(const Proxy& client) { return serverEnd(client)->objects().size(); }

  template <class... Args>
  run::Result<qi::Value> call(const Proxy& object, const std::string& method, const Args&... args) {
    return loop.await(object->call(method, tuple(args...)));
  }
  // An object that a method returns.
  template <class... Args>
  Proxy fetch(const Proxy& object, const std::string& method, const Args&... args) {
    return qi::fromValue<Proxy>(call(object, method, args...).value()).value();
  }
  std::int32_t add(const Proxy& counter, std::int32_t x) {
    return qi::fromValue<std::int32_t>(call(counter, "add", x).value()).value();
  }
  static qi::Address member(std::uint32_t action) { return {sampleService, qi::mainObject, action}; }

  Loop loop;
  run::Log log = run::silentLog();
  ObjectsService service;
  WatchedHost host;
  std::shared_ptr<localbus::Connection> lastEnd;  // of the last raw client

 private:
  std::shared_ptr<localbus::Connection> acceptEnd(qi::CapabilityMap capabilities) {
    localbus::Socket socket(loop.io.get_executor());
    acceptor_.accept(socket);
    const auto end = localbus::Connection::accepted(std::move(socket), {}, &host, log, std::move(capabilities));
    end->start([](run::Result<>) {});
    ends_.push_back(end);
    return end;
  }

  RawPeer::Tcp::acceptor acceptor_{loop.io, {boost::asio::ip::address_v4::loopback(), 0}};
  std::vector<std::shared_ptr<localbus::Connection>> ends_;
  std::map<std::uint64_t, std::shared_ptr<localbus::Connection>> serverEnds_;  // by the client's id
};

}  // namespace beckon::test
