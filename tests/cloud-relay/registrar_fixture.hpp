#pragma once

#include "cloud-relay/fleet_door.hpp"
#include "cloud-relay/registrar.hpp"
#include "tests/support/ed25519_key.hpp"
#include "tests/support/prosody.hpp"
#include "tests/support/run_until.hpp"
#include "xmpp/component_stream.hpp"
#include "xmpp/client_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace beckon::relay {

using namespace std::chrono_literals;
using test::Prosody;
using test::runUntil;

// A stream of an account on a server, as long as it is let be.
struct Login {
  Login(boost::asio::io_context& io, const Prosody& server, const std::string& account, const std::string& secret) {
    xmpp::ClientStreamConfig how;
    how.account = xmpp::Jid::parse(account).value();
    how.resource = "test";
    how.password = secret;
    how.host = server.host();
    how.port = server.port();
    how.caFile = server.caFile();
    stream = xmpp::makeClientStream(io.get_executor(), how, run::silentLog());
    stream->start({[this](const xmpp::Jid& jid) { self = jid; },
                   [this](xmpp::Element stanza) { heard.push_back(std::move(stanza)); },
                   [this](const run::Error& why) { closed = why; }});
  }

  std::unique_ptr<xmpp::Stream> stream;
  xmpp::Jid self;
  std::vector<xmpp::Element> heard;
  std::optional<run::Error> closed;
};

// A relay's registrar on a real XMPP server, which counts it among its administrators unless told otherwise.
class RegistrarTest : public testing::Test {
 protected:
  static Prosody::Options usual() {
    Prosody::Options options;
    options.components = {{"relay.robots.test", "hush"}};
    options.administrators = {"relay.robots.test"};
    options.modules = {"admin_adhoc"};
    return options;
  }

  explicit RegistrarTest(Prosody::Options options = usual())
      : server({{"mallory", "her own"}}, std::move(options)),
        store(FleetStore::open(folder.path() / FleetStore::fileName).value()),
        component(io.get_executor(), config(), run::silentLog()),
        accounts(component, xmpp::Jid::parse("robots.test").value()),
        registrar(store, accounts, {"xmpp.robots.test", 5222, "the authorities", "relay.robots.test"},
                  run::silentLog()),
        door(io.get_executor(), component, store, registrar, {"relay.robots.test", 5443, "", Kind::robot, ""},
             run::silentLog()) {
    door.open();
    component.start({});
  }
  ~RegistrarTest() override { component.stop(); }

  void SetUp() override { ASSERT_TRUE(isOnline()) << server.log(); }
  bool isOnline() {
    return runUntil(io, [this] { return component.online(); });
  }

  xmpp::Component::Config config() {
    xmpp::Component::Config out;
    out.domain = xmpp::Jid::parse("relay.robots.test").value();
    out.server = xmpp::Jid::parse("robots.test").value();
    out.firstRetry = out.longestRetry = 20ms;
    out.streams = [this] {
      xmpp::ComponentConfig how;
      how.domain = xmpp::Jid::parse("relay.robots.test").value();
      how.secret = "hush";
      how.port = server.componentPort();
      return xmpp::makeComponentStream(io.get_executor(), how, run::silentLog());
    };
    return out;
  }

  // A code that the relay knows. `name`: whom alone it enrols.
  fleet::Code codeFor(Kind kind = Kind::robot, const std::string& name = {}) {
    auto code = fleet::Code::make({"relay.robots.test", 5443, "home", kind, ""});
    KeptCode kept;
    kept.hash = fleet::Code::hashOf(code.ticket());
    kept.fleet = "home";
    kept.kind = kind;
    if (!name.empty()) kept.account = name + "@robots.test";
    kept.made = policy::wallClock();
    kept.ends = kept.made + 1h;
    kept.introduction.fill(7);
    store.add(kept, kept.made).value();
    return code;
  }
  static fleet::EnrolmentRequest request(const fleet::Code& code, const std::string& name, std::uint8_t key) {
    return fleet::EnrolmentRequest::make(code, name, "0c7b2f6e-0000-4000-8000-000000000000", test::keyNumber(key));
  }

  using Answer = run::Result<fleet::EnrolmentAnswer>;
  template <class T>
  using Later = std::shared_ptr<std::optional<T>>;

  template <class T>
  Later<T> spawn(boost::asio::awaitable<T> what) {
    auto out = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(io, std::move(what), [out](std::exception_ptr problem, T result) {
      if (problem) std::rethrow_exception(problem);
      *out = std::move(result);
    });
    return out;
  }
  template <class T>
  T finish(const Later<T>& later) {
    if (!runUntil(
            io, [&] { return later->has_value(); }, 20s))
      throw std::runtime_error("no answer\n" + server.log());
    return std::move(**later);
  }
  Answer enrol(const fleet::Code& code, const std::string& name, std::uint8_t key,
               const std::string& address = "192.0.2.1") {
    return finish(spawn(registrar.enrol(request(code, name, key), address)));
  }

  std::unique_ptr<Login> login(const std::string& account, const std::string& secret) {
    auto out = std::make_unique<Login>(io, server, account, secret);
    runUntil(io, [&] { return out->closed || !out->self.empty(); });
    return out;
  }
  bool canLogIn(const std::string& account, const std::string& secret) {
    const auto tried = login(account, secret);
    EXPECT_TRUE(!tried->self.empty() || (tried->closed && tried->closed->code == run::Code::notAuthenticated))
        << (tried->closed ? tried->closed->cause : "nothing happened");
    return !tried->self.empty();
  }

  test::TemporaryFolder folder;
  boost::asio::io_context io;
  Prosody server;
  FleetStore store;
  xmpp::Component component;
  Accounts accounts;
  Registrar registrar;
  FleetDoor door;
};

}  // namespace beckon::relay
