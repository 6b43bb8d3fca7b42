#pragma once

#include "gateway/doors/lan_door.hpp"
#include "localbus/tls_self_signed.hpp"
#include "tests/directory/bus.hpp"
#include "tests/localbus/object_sample.hpp"
#include "tests/localbus/played.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

// A bus with its directory, the LAN door of a gateway on it, and clients who come in by it: real sockets and TLS.
namespace beckon::test {

inline const std::string everything = R"(
[[rule]]
name = "all"
who = ["token:owner"]
may = ["list", "call", "post", "get", "set", "watch", "register"]
on = ["*"]
)";

class LanFixture : public testing::Test {
 protected:
  using Session = std::shared_ptr<directory::Session>;

  LanFixture() { own_ = bus.session(); }
  ~LanFixture() override {
    for (const auto& session : clients_) session->close();
    if (door) door->stop();
    if (control) control->stop();
    for (const auto& session : onBus_) session->close();
    own_->close();
    bus.directory.stop();
  }

  static std::shared_ptr<const policy::Policy> policyOf(const std::string& toml) {
    const auto parsed = policy::Policy::parse(toml, "policy.toml");
    if (!parsed) throw std::runtime_error(parsed.error().cause);
    return *parsed;
  }
  static std::string rule(const std::string& name, const std::string& who, const std::string& may,
                          const std::string& on, const std::string& more = {}) {
    return "[[rule]]\nname = \"" + name + "\"\nwho = [\"" + who + "\"]\nmay = " + may + "\non = " + on + "\n" + more +
           "\n";
  }

  // "token of NAME" is the token of token:NAME; a key is let in if the policy knows it.
  virtual run::Result<policy::Admitted> admit(const policy::Credentials& shown) {
    constexpr std::string_view begin = "token of ";
    if (shown.token.starts_with(begin))
      return policy::Admitted{
          "token:" + std::string(shown.token.substr(begin.size())), {}, static_cast<std::int64_t>(shown.token.size())};
    const policy::Caller byKey{"key:" + std::string(shown.key), {}, policy::Door::lan};
    if (!shown.key.empty() && !authority->view(byKey)->isEmpty()) return policy::Admitted{byKey.principal, {}, 0};
    return run::Error{run::Code::notAuthenticated, "the token is not known", {}};
  }

  void open(const std::string& toml = everything) {
    authority.emplace(policyOf(toml));
    const localbus::TlsKeyPair own{folder.path() / "lan.pem", folder.path() / "lan.key"};
    if (!localbus::makeSelfSigned(own)) throw std::runtime_error("no certificate");
    serverTls = localbus::TlsContext::server({own, {}, true}).value();
    control = std::make_shared<gateway::Control>(bus.loop.io, *authority, run::silentLog());
    control->start();
    gateway::LanDoor::Options options;
    options.control = control;
    options.machineId = machineId;
    options.admit = [this](const policy::Credentials& shown) { return admit(shown); };
    options.bus = [this](const qi::CapabilityMap& capabilities) {
      directory::Session::Options chosen{machineId};
      for (const auto& [key, value] : capabilities) chosen.capabilities.insert_or_assign(key, value);
      return directory::Session::keep(bus.loop.io, bus.endpoint, chosen, run::silentLog());
    };
    options.trail = trail;
    door.emplace(bus.loop.io, *authority, own_, std::move(options), run::silentLog());
    endpoint = door->start({"127.0.0.1", 0, localbus::Endpoint::Scheme::tcps}, serverTls).value();
    door->busIsThere();
  }

  directory::Session::Options clientOptions(const std::string& name) {
    directory::Session::Options options{"a machine outside"};
    options.tls = localbus::TlsContext::client({.pin = serverTls->ownKey()}).value();
    options.credentials = {{"auth_user", qi::dynamic(name)}, {"auth_token", qi::dynamic("token of " + name)}};
    return options;
  }
  run::Result<Session> tryEnter(directory::Session::Options options) {
    auto entered =
        bus.loop.await(directory::Session::connect(bus.loop.io, endpoint, std::move(options), run::silentLog()));
    if (entered) clients_.push_back(*entered);
    return entered;
  }
  Session enter(const std::string& name) { return tryEnter(clientOptions(name)).value(); }

  // A program of the bus with a service.
  Session provide(const std::string& name, std::shared_ptr<localbus::BoundObject> object) {
    const auto session = bus.session();
    onBus_.push_back(session);
    bus.loop.await(session->registerService(name, std::move(object))).value();
    return session;
  }
  std::vector<std::string> namesFor(const Session& client) {
    std::vector<std::string> names;
    for (const auto& info : bus.loop.await(client->services()).value()) names.push_back(info.name);
    std::ranges::sort(names);
    return names;
  }
  run::Result<Proxy> find(const Session& client, const std::string& name) {
    return bus.loop.await(client->service(name));
  }
  Proxy service(const Session& client, const std::string& name) { return find(client, name).value(); }
  template <class... Args>
  run::Result<qi::Value> call(const Proxy& object, const std::string& method, const Args&... args) {
    return bus.loop.await(object->call(method, tuple(args...)));
  }
  template <class... Args>
  Proxy fetch(const Proxy& object, const std::string& method, const Args&... args) {
    return qi::fromValue<Proxy>(call(object, method, args...).value()).value();
  }
  std::int32_t add(const Proxy& counter, std::int32_t x) {
    return qi::fromValue<std::int32_t>(call(counter, "add", x).value()).value();
  }
  std::shared_ptr<localbus::RemoteObject::Subscription> watch(const Proxy& object, const std::string& signal,
                                                              std::vector<std::int32_t>& heard) {
    auto handler = [&heard](const qi::Value& event) {
      heard.push_back(std::get<0>(qi::fromValue<std::tuple<std::int32_t>>(event).value()));
    };
    return bus.loop.await(object->subscribe(signal, std::move(handler))).value();
  }
  bool runUntil(const std::function<bool()>& done) { return bus.loop.runUntil(done); }

  TemporaryFolder folder;
  Bus bus;
  std::optional<policy::Authority> authority;
  std::shared_ptr<gateway::Control> control;
  std::optional<localbus::TlsContext> serverTls;
  std::shared_ptr<policy::audit::Trail> trail;  // none: nothing is recorded
  std::optional<gateway::LanDoor> door;
  localbus::Endpoint endpoint;

 private:
  Session own_;
  std::vector<Session> clients_, onBus_;
};

}  // namespace beckon::test
