#pragma once

#include "apps/beckond/fleet_member.hpp"
#include "tests/support/ed25519_key.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace beckon::apps {

// r2@x, of alice's fleet, on a stream in memory.
class RobotInMemory : public testing::Test {
 protected:
  RobotInMemory() {
    server->executor = io.get_executor();
    fleet::Membership membership;
    membership.folder = folder.path();
    membership.fleet = "home";
    membership.account = "r2@x";
    membership.ownerAccount = "alice@x";
    membership.ownerKey = owner.publicKey();
    membership.relay = "relay.x";
    membership.save().value();
    start();
  }
  ~RobotInMemory() override { stop(); }
  // A run of the robot's program.
  void start() {
    xmpp::Client::Config config;
    config.contacts = {xmpp::Jid::parse("alice@x").value()};
    client.emplace(
        io.get_executor(), [this] { return std::make_unique<test::MemoryStream>(server); }, config, run::silentLog());
    const auto membership = fleet::Membership::load(folder.path()).value().value();
    FleetMember::Events events{
        .stated = [] {},
        .moved = [this] { ++moves; },
        .proxyTo = [](const std::string&) { return run::Result<std::optional<xmpp::Proxy>>(std::nullopt); }};
    member = std::make_shared<FleetMember>(io.get_executor(), *client, membership,
                                           run::loadIdentity(folder.path()).value(), events, run::silentLog());
    member->open();
    client->start({});
    ASSERT_TRUE(test::runUntil(io, [this] { return static_cast<bool>(server->events.online); }));
    server->online(xmpp::Jid::parse("r2@x/beckond").value());
  }
  void stop() {
    client->stop();
    member.reset();
    io.restart();
    io.poll();
  }

  const run::PrivateKey owner = test::keyNumber(1);
  test::TemporaryFolder folder;
  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> server = std::make_shared<test::MemoryServer>();
  std::optional<xmpp::Client> client;
  std::shared_ptr<FleetMember> member;
  int moves = 0;
};

}  // namespace beckon::apps
