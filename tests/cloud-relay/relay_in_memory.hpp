#pragma once

#include "cloud-relay/registrar.hpp"
#include "fleet/protocol.hpp"
#include "tests/support/ed25519_key.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_folder.hpp"
#include "xmpp/component.hpp"
#include "xmpp/stanza_error.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beckon::relay {

using namespace std::chrono_literals;

// The relay of the fleet home (alice its owner, bob a person, r2 and r3 robots) on a server in memory, which does what
// the commands of its administration say. In the fleet work: eve, its owner, and w2.
class RelayInMemory : public testing::Test {
 protected:
  RelayInMemory()
      : store(FleetStore::open(folder.path() / FleetStore::fileName).value()),
        component(io.get_executor(), config(), run::silentLog()),
        accounts(component, jid("x")),
        registrar(store, accounts, {}, run::silentLog()) {
    memory->executor = io.get_executor();
    memory->answer = [this](const xmpp::Element& stanza) { serve(stanza); };
    add("alice", "home", Kind::owner, 1);
    add("bob", "home", Kind::person, 2);
    add("r2", "home", Kind::robot, 3);
    add("r3", "home", Kind::robot, 4);
    add("eve", "work", Kind::owner, 5);
    add("w2", "work", Kind::robot, 6);
  }
  ~RelayInMemory() override { component.stop(); }

  // Once all doors are open.
  void begin() {
    component.start({});
    memory->online(jid("relay.x"));
  }
  static xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }
  xmpp::Component::Config config() {
    xmpp::Component::Config out;
    out.domain = jid("relay.x");
    out.server = jid("x");
    out.streams = [this] { return std::make_unique<test::MemoryStream>(memory); };
    return out;
  }
  // `named`: the account that the code is for alone.
  void add(const std::string& name, const std::string& fleet, Kind kind, std::uint8_t key,
           const std::string& named = {}) {
    KeptCode code;
    code.account = named;
    code.hash.fill(key);
    code.fleet = fleet;
    code.kind = kind;
    code.made = policy::wallClock();
    code.ends = code.made + 1h;
    store.add(code, code.made).value();
    Member wanted;
    wanted.fleet = fleet;
    wanted.kind = kind;
    wanted.account = name + "@x";
    wanted.machine = "machine of " + name;
    wanted.key = test::keyNumber(key).publicKey();
    wanted.proof.fill(static_cast<std::uint8_t>(key + 100));
    store.made(store.take(code.hash, wanted, code.made).value().member.id).value();
  }
  Member member(const std::string& account) { return store.member(account).value().value(); }

  void serve(const xmpp::Element& stanza) {
    if (stanza.name != "iq" || stanza.attribute("to") != "x") return;
    if (stanza.attribute("type") == "get")  // a ping
      return memory->give(xmpp::iqStanza("result", stanza.attribute("id"), "relay.x").set("from", "x"));
    const auto& asked = stanza.children.front();
    commands.emplace_back(asked.attribute("node"));
    auto done = xmpp::Element("command", asked.xmlns).set("status", asked.children.empty() ? "executing" : "completed");
    memory->give(xmpp::iqStanza("result", stanza.attribute("id"), "relay.x").set("from", "x").add(std::move(done)));
  }

  // What `who` gets for it. Who is told of a change is in `told`.
  xmpp::Element ask(const std::string& who, std::string_view type, xmpp::Element payload) {
    memory->sent.clear();
    const auto id = std::to_string(++questions);
    memory->give(xmpp::iqStanza(type, id, "relay.x").set("from", who + "@x/here").add(std::move(payload)));
    xmpp::Element out("none");
    const auto isAnswered = [&] {
      for (const auto& stanza : memory->sent)
        if (stanza.name == "iq" && stanza.attribute("id") == id && stanza.attribute("to") == who + "@x/here")
          out = stanza;
      return out.name == "iq";
    };
    EXPECT_TRUE(test::runUntil(io, isAnswered));
    told.clear();
    for (const auto& stanza : memory->sent)
      if (stanza.name == "message") {
        EXPECT_EQ(stanza.attribute("type"), "headline");
        EXPECT_TRUE(stanza.child(fleet::changedName, fleet::ns));
        told.emplace_back(stanza.attribute("to"));
      }
    return out;
  }
  run::Error refusal(const std::string& who, std::string_view type, xmpp::Element payload) {
    const auto answer = ask(who, type, std::move(payload));
    EXPECT_EQ(answer.attribute("type"), "error");
    return xmpp::StanzaError::read(answer).toError();
  }
  bool isDone(const std::string& who, xmpp::Element payload) {
    return ask(who, "set", std::move(payload)).attribute("type") == "result";
  }

  test::TemporaryFolder folder;
  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> memory = std::make_shared<test::MemoryServer>();
  FleetStore store;
  xmpp::Component component;
  Accounts accounts;
  Registrar registrar;
  int questions = 0;
  std::vector<std::string> commands, told;
};

}  // namespace beckon::relay
