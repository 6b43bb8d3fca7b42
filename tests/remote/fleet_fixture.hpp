#pragma once

#include "core/qi/convert.hpp"
#include "remote/exchange.hpp"
#include "remote/fleet.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_until.hpp"
#include "xmpp/client.hpp"
#include "xmpp/stanza_error.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::remote {

using namespace std::chrono_literals;
using test::runUntil;
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;
namespace ns = xmpp::ns;

inline Jid jid(std::string_view text) { return Jid::parse(text).value(); }

// An owner's client on a server in memory, and the robots nao1@x and nao2@x, which come and go as a test says. The
// server answers what a server answers by itself; requests to robots are kept in `requests` for the test to answer.
class FleetTest : public testing::Test {
 protected:
  FleetTest() {
    server->executor = io.get_executor();
    server->answer = [this](const Element& stanza) { serve(stanza); };
    xmpp::Client::Config config;
    config.contacts = {jid("nao1@x"), jid("nao2@x")};
    config.node = "urn:test";
    config.firstRetry = 1ms;
    config.longestRetry = 5ms;
    client.emplace(
        io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config, run::silentLog());
    fleet.emplace(io.get_executor(), *client, std::vector{jid("nao1@x"), jid("nao2@x")});
    exchanges.emplace(*fleet, *client, 500ms);
    capabilities.identities = {{"device", "robot", "", "Beckon"}};
    capabilities.features = {std::string(rpc::ns)};
    client->start({.online = [this](const Jid&) { fleet->changed(); },
                   .offline = [this](const run::Error&, std::chrono::milliseconds) { fleet->changed(); },
                   .presence =
                       [this](const xmpp::Presence& presence) {
                         fleet->received(presence);
                         told(presence);
                       },
                   .message = [this](const Element& message) { heard(message); },
                   .settled = [this](const Jid& contact) { fleet->settled(contact); }});
    comeOnline();
  }

  ~FleetTest() override {
    client->stop();
    exchanges->close();
    io.restart();
    io.poll();
  }

  void comeOnline() {
    ASSERT_TRUE(runUntil(io, [this] { return static_cast<bool>(server->events.online); }));
    server->online(jid("owner@x/here"));
    ASSERT_TRUE(runUntil(io, [this] { return client->online(); }));
  }
  void cut() { server->close(run::Code::connectionLost, "cut"); }

  using Said = std::function<void(Element& robot)>;

  // `shown`: what the fleet's owner has signed, if anything; `key`: the fingerprint that it tells; `said`: adds what it
  // says beside.
  void comes(const std::string& address, const std::string& id = "id-1", const std::optional<Element>& shown = {},
             const std::string& key = "abc", const Said& said = {}) {
    const auto before = fleet->arrivals(jid(address));
    server->give(presenceOf(address, id, shown, key, said));
    ASSERT_TRUE(runUntil(io, [&] { return fleet->arrivals(jid(address)) > before; }));
  }
  void says(const std::string& address, const Said& said) {
    server->give(presenceOf(address, "id-1", {}, "abc", said));
  }
  Element presenceOf(const std::string& address, const std::string& id, const std::optional<Element>& shown,
                     const std::string& key, const Said& said) const {
    Element presence("presence", std::string(ns::client));
    presence.set("from", address);
    presence.add(xmpp::Caps{"urn:robot", xmpp::capsHash(capabilities)}.element());
    auto robot = Element("robot", "urn:beckon:robot:0").set("id", id).set("key", key);
    if (said) said(robot);
    presence.add(std::move(robot));
    if (shown) presence.add(*shown);
    return presence;
  }
  void goes(const std::string& address) {
    server->give(Element("presence", std::string(ns::client)).set("type", "unavailable").set("from", address));
  }

  void serve(const Element& stanza) {
    if (stanza.name != "iq" || (stanza.attribute("type") != "get" && stanza.attribute("type") != "set")) return;
    const auto& payload = stanza.children.front();
    if (payload.is("query", ns::roster)) {
      Element roster("query", std::string(ns::roster));
      for (const auto* robot : {"nao1@x", "nao2@x"})
        roster.add(Element("item").set("jid", robot).set("subscription", "both"));
      return answer(stanza, roster);
    }
    if (payload.is("query", ns::discoInfo)) return answer(stanza, capabilities.query(payload.attribute("node")));
    if (payload.is(rpc::clock, rpc::ns)) {
      ++clocksAsked;
      return answer(stanza, rpc::clockResult({"run", 1000000ms}));
    }
    if (payload.xmlns == rpc::ns) requests.push_back(stanza);
  }
  void answer(const Element& request, const Element& payload) {
    server->give(Element("iq", std::string(ns::client))
                     .set("type", "result")
                     .set("id", request.attribute("id"))
                     .set("from", request.attribute("to"))
                     .add(payload));
  }
  void refuse(const Element& request, const xmpp::StanzaError& error) {
    server->give(Element("iq", std::string(ns::client))
                     .set("type", "error")
                     .set("id", request.attribute("id"))
                     .set("from", request.attribute("to"))
                     .add(error.element()));
  }
  virtual void heard(const Element&) {}
  virtual void told(const xmpp::Presence&) {}

  using Asked = std::shared_ptr<std::optional<run::Result<Element>>>;
  Asked ask(Request request, const std::string& robot = "nao1") {
    auto out = std::make_shared<std::optional<run::Result<Element>>>();
    boost::asio::co_spawn(io, exchanges->ask(robot, std::move(request)),
                          [out](std::exception_ptr problem, run::Result<Element> result) {
                            if (problem) std::rethrow_exception(problem);
                            *out = std::move(result);
                          });
    return out;
  }
  Asked call(const std::string& method = "m") {
    return ask({.kind = Request::Kind::change, .payload = rpc::callRequest({"S", method, "[]"}), .time = 10s});
  }
  bool asked(std::size_t count) {
    return runUntil(io, [&] { return requests.size() >= count; });
  }
  // What the n-th request carried.
  const Element& payload(std::size_t number) const { return requests.at(number).children.front(); }
  static Element done() { return rpc::valueResult(rpc::call, qi::Value(qi::Void{})); }

  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> server = std::make_shared<test::MemoryServer>();
  xmpp::Disco capabilities;
  std::vector<Element> requests;
  int clocksAsked = 0;
  std::optional<xmpp::Client> client;
  std::optional<Fleet> fleet;
  std::optional<Exchanges> exchanges;
};

}  // namespace beckon::remote
