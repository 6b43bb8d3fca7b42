#pragma once

#include "core/qi/json.hpp"
#include "gateway/doors/iq_door.hpp"
#include "localbus/object_builder.hpp"
#include "tests/sim/bus.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/xmpp/jid.hpp"
#include "xmpp/rpc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace beckon::gateway {

using xmpp::Element;
using xmpp::jid;
using xmpp::StanzaError;
namespace rpc = xmpp::rpc;

inline Element payload(std::string_view name, const std::string& text = {}) {
  return Element(std::string(name), std::string(rpc::ns), text);
}
inline Element call(const std::string& service, const std::string& method, const std::string& arguments = {}) {
  return payload("call", arguments).set("service", service).set("method", method);
}

// A robot's account on a server in memory, its door, and a bus with one small service behind it.
class IqDoorTest : public testing::Test {
 protected:
  IqDoorTest() {
    localbus::ObjectBuilder builder;
    builder.method(
        "say", [this](const std::string& text) { said.push_back(text); }, "says it");
    builder.method("echo", [this](const std::string& text) { return ++calls, text; });
    builder.method("_hidden", [this] { ++calls; });
    builder.method("fail", [this]() -> run::Result<int> {
      ++calls;
      return run::Error{run::Code::callFailed, "it <broke> & \"ended\"", {}};
    });
    builder.method("later", [this](localbus::Reply<int> reply) { waiting.push_back(std::move(reply)); });
    volume.emplace(builder.property<float>("volume", 0.5f));
    speech = builder.build();
    bus.await(provider->registerService("Speech", speech)).value();
  }
  ~IqDoorTest() override {
    door.reset();
    xmppRequests->close();
    client.reset();
    inside->close();
    provider->close();
  }

  // The door for these accounts, who may everything; a door that was open closes.
  void open(const std::vector<std::string>& accounts) { open(policy::Policy::ofAccounts(accounts)); }
  void openWith(const std::string& toml) { open(policy::Policy::parse(toml, "policy.toml").value()); }
  void open(std::shared_ptr<const policy::Policy> policy) {
    door.reset();
    client.reset();
    if (xmppRequests) xmppRequests->close();
    authority.emplace(std::move(policy), clock);
    server = std::make_shared<test::MemoryServer>();
    server->executor = bus.io.get_executor();
    xmppRequests = std::make_shared<XmppRequests>(bus.io, *authority, run::silentLog());
    xmppRequests->use(inside);
    door.emplace(xmppRequests);
    xmpp::Client::Config config;
    config.firstRetry = std::chrono::milliseconds(10);
    for (const auto& account : authority->current().accounts()) config.contacts.insert(jid(account));
    client.emplace(
        bus.io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config,
        run::silentLog());
    door->open(*client);
    client->start({});
    comeOnline();
  }
  // The stream that waits is bound, and the server has an empty roster.
  void comeOnline() {
    server->online(jid("robot@x/beckond"));
    std::string asked;
    for (const auto& stanza : server->sent)
      if (stanza.child("query", xmpp::ns::roster)) asked = stanza.attribute("id");
    server->give(Element("iq", std::string(xmpp::ns::client)).set("type", "result").set("id", asked));
    EXPECT_TRUE(client->online());
    bus.io.restart();
    bus.io.poll();
  }

  // Gives the request to the client; the id that its answer will have.
  std::string request(const std::string& from, std::string_view type, const std::vector<Element>& payloads) {
    Element stanza("iq", std::string(xmpp::ns::client));
    stanza.set("type", type).set("id", std::to_string(++lastId)).set("from", from);
    stanza.children = payloads;
    server->give(std::move(stanza));
    return std::to_string(lastId);
  }
  const Element* answerTo(const std::string& id) const {
    for (const auto& stanza : server->sent)
      if (stanza.attribute("id") == id && stanza.name == "iq") return &stanza;
    return nullptr;
  }
  Element ask(const std::string& from, std::string_view type, const Element& body) {
    const auto id = request(from, type, {body});
    if (!bus.runUntil([&] { return answerTo(id) != nullptr; }))
      throw std::runtime_error("no answer to " + body.toXml());
    EXPECT_EQ(answerTo(id)->attribute("to"), from);
    return *answerTo(id);
  }
  // The payload of a result; empty where the answer is another.
  Element result(std::string_view type, const Element& body, const std::string& from = owner) {
    const auto answer = ask(from, type, body);
    const auto* out = answer.child(body.name, rpc::ns);
    return answer.attribute("type") == "result" && out ? *out : Element();
  }
  StanzaError refusal(std::string_view type, const Element& body) {
    const auto answer = ask(owner, type, body);
    EXPECT_EQ(answer.attribute("type"), "error") << answer.toXml();
    return StanzaError::read(answer);
  }

  static inline const std::string owner = "owner@x/phone";

  test::RobotBus bus;
  std::shared_ptr<directory::Session> provider = bus.session(), inside = bus.session();
  std::vector<std::string> said;
  int calls = 0;
  std::vector<localbus::Reply<int>> waiting;  // calls of later()
  std::optional<localbus::PropertyHandle<float>> volume;
  std::shared_ptr<localbus::Object> speech;
  std::shared_ptr<test::MemoryServer> server;
  policy::Clock clock = policy::Clock::real();
  std::optional<policy::Authority> authority;
  std::shared_ptr<XmppRequests> xmppRequests;
  std::optional<IqDoor> door;
  std::optional<xmpp::Client> client;
  int lastId = 1000;
};

}  // namespace beckon::gateway
