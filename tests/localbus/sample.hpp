#pragma once

#include "localbus/dial.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_host.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/remote_object.hpp"
#include "tests/localbus/raw_peer.hpp"

#include <set>

// A service with a member of every kind, on a listener of its own.
namespace beckon::test {

constexpr std::uint32_t sampleService = 7;

// Keeps the connections that have called, for tests that look at both ends.
class WatchedHost : public localbus::ObjectHost {
 public:
  void received(const std::shared_ptr<localbus::Connection>& from, const qi::Message& message) override {
    callers[from->id()] = from;
    ObjectHost::received(from, message);
  }
  void closed(const localbus::Connection& connection) override {
    callers.erase(connection.id());
    ++ended;
    ObjectHost::closed(connection);
  }
  std::map<std::uint64_t, std::shared_ptr<localbus::Connection>> callers;
  int ended = 0;
};

class Sample {
 public:
  Sample() {
    localbus::ObjectBuilder builder;
    ids.add = builder.method(
        "add", [](std::int32_t a, std::int32_t b) { return a + b; }, "the sum of two numbers");
    ids.hello = builder.method("hello", [](const std::string& name) { return "hello " + name; });
    ids.fail = builder.method("fail", []() -> run::Result<std::int32_t> {
      return run::Error{run::Code::callFailed, "deliberate failure", "do not call it"};
    });
    ids.later = builder.method("later", [this](localbus::Reply<std::int32_t> reply, std::int32_t x) {
      waiting.emplace_back(std::move(reply), x);
    });
    ids.forget = builder.method("forget", [](localbus::Reply<void>) {});
    ids.who = builder.method("who", [](localbus::Caller caller) { return caller.connection; });
    ids.nothing = builder.method("nothing", [this] { ++nothings; });
    ids.big = builder.method("big", [](std::uint32_t size) { return qi::Bytes(size, 0x5A); });
    ids.size = builder.method("size", [](const qi::Bytes& bytes) { return static_cast<std::uint32_t>(bytes.size()); });
    ids.same = builder.method("same", [](const qi::Value& value) { return value; });
    ids.addText = builder.method("add", [](const std::string& a, const std::string& b) { return a + b; });
    ticked.emplace(builder.signal<std::int32_t, std::string>("ticked"));
    blob.emplace(builder.signal<qi::Bytes>("blob"));
    ids.ticked = ids.addText + 1;
    ids.blob = ids.ticked + 1;
    ids.level = ids.blob + 1;
    level.emplace(builder.property<std::int32_t>("level", 1, [](const std::int32_t& wanted) -> run::Result<> {
      if (wanted > 100) return run::Error{run::Code::refused, "the level ends at 100", {}};
      return {};
    }));
    object = builder.build();
  }

  struct {
    std::uint32_t add, hello, fail, later, forget, who, nothing, big, size, same, addText, ticked, blob, level;
  } ids{};
  std::vector<std::pair<localbus::Reply<std::int32_t>, std::int32_t>> waiting;  // calls of later()
  int nothings = 0;
  std::optional<localbus::SignalHandle<std::int32_t, std::string>> ticked;
  std::optional<localbus::SignalHandle<qi::Bytes>> blob;
  std::optional<localbus::PropertyHandle<std::int32_t>> level;
  std::shared_ptr<localbus::Object> object;
};

// The sample behind a listener, and ways to reach it.
class SampleBus {
 public:
  explicit SampleBus(localbus::Authenticator authenticator = {})
      : log(run::silentLog()), listener(loop.io, host, std::move(authenticator), log) {
    host.add(sampleService, qi::mainObject, sample.object);
    endpoint = listener.start({"127.0.0.1", 0}).value();
  }

  std::shared_ptr<localbus::Connection> connect(localbus::DialOptions options = {}) {
    return loop.await(localbus::dial(loop.io, endpoint, std::move(options), log)).value();
  }
  std::shared_ptr<localbus::RemoteObject> open() {
    return loop.await(localbus::RemoteObject::open(connect(), sampleService, "Sample")).value();
  }
  static qi::Address member(std::uint32_t action) { return {sampleService, qi::mainObject, action}; }

  Loop loop;
  run::Log log;
  Sample sample;
  WatchedHost host;
  localbus::Listener listener;
  localbus::Endpoint endpoint;
};

template <class... Args>
qi::Value tuple(const Args&... each) {
  return qi::Tuple{{qi::toValue(each)...}, {}};
}

}  // namespace beckon::test
