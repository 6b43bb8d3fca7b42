#pragma once

#include "tests/support/memory_stream.hpp"
#include "tests/support/run_until.hpp"
#include "tests/xmpp/jid.hpp"
#include "xmpp/client.hpp"
#include "xmpp/roster.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::xmpp {

using namespace std::chrono_literals;
using test::runUntil;

inline Element iq(std::string_view type, std::string_view id, std::string_view from) {
  return Element("iq", std::string(ns::client)).set("type", type).set("id", id).set("from", from);
}

// A client without a network, whose server gives it an empty roster.
class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    server->executor = io.get_executor();
    server->answer = [this](const Element& stanza) {
      if (stanza.child("query", ns::roster) && stanza.attribute("type") == "get")
        server->give(iq("result", stanza.attribute("id"), "").add(rosterOfTheServer));
    };
    config.contacts = {jid("owner@x")};
    config.node = "urn:test";
    config.software = "beckond";
    config.version = "1.2";
    config.payload = {Element("robot", "urn:beckon:robot:0").set("id", "nao")};
    config.firstRetry = 1ms;
    config.longestRetry = 20ms;
  }

  Client& start() {
    client.emplace(
        io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config, run::silentLog());
    client->start({[this](const Jid& self) { log.push_back("online " + self.text()); },
                   [this](const run::Error& why, std::chrono::milliseconds) {
                     log.push_back("offline " + std::string(run::codeText(why.code)));
                   },
                   [this](const Presence& p) { log.push_back((p.available ? "there " : "gone ") + p.from.text()); },
                   [this](const Element& message) {
                     log.push_back("message " + std::string(message.childText("body", ns::client)));
                   },
                   [this](const Jid& contact) { log.push_back("settled " + contact.text()); }});
    return *client;
  }

  Client& goOnline() {
    start();
    server->online(jid("robot@x/gw"));
    EXPECT_TRUE(runUntil(io, [this] { return client->online(); }));
    log.clear();
    return *client;
  }

  // The last stanza that the client sent of that name; an empty one if there is none.
  Element sent(std::string_view name) {
    for (auto it = server->sent.rbegin(); it != server->sent.rend(); ++it)
      if (it->name == name) return *it;
    return {};
  }

  std::string conditionOf(const Element& stanza) { return StanzaError::read(stanza).condition; }

  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> server = std::make_shared<test::MemoryServer>();
  Element rosterOfTheServer = Roster::request();
  Client::Config config;
  std::optional<Client> client;
  std::vector<std::string> log;
};

}  // namespace beckon::xmpp
