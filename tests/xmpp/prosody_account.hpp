#pragma once

#include "tests/support/prosody.hpp"
#include "tests/support/run_until.hpp"
#include "xmpp/client.hpp"
#include "xmpp/client_stream.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace beckon::xmpp {

// One account on a real server.
struct Account {
  struct Options {
    bool ownsRoster = false;
    std::chrono::milliseconds firstRetry{20}, longestRetry{60000}, longestSilence{20000}, pingDeadline{15000};
    unsigned short port = 0;  // 0: the server's
    // Where the first attempts go instead.
    std::vector<unsigned short> before = {};
    std::chrono::milliseconds stageDeadline{10000};
  };

  Account(boost::asio::io_context& io, const test::Prosody& server, const std::string& name, std::set<Jid> contacts)
      : Account(io, server, name, std::move(contacts), Options{}) {}
  Account(boost::asio::io_context& io, const test::Prosody& server, const std::string& name, std::set<Jid> contacts,
          const Options& options)
      : self(*Jid::parse(server.jid(name))) {
    ClientStreamConfig how;
    how.account = self;
    how.resource = "test";
    how.password = "secret";
    how.host = server.host();
    how.port = options.port ? options.port : server.port();
    how.stageDeadline = options.stageDeadline;
    how.caFile = server.caFile();
    Client::Config config;
    config.contacts = std::move(contacts);
    config.node = "urn:test:" + name;
    config.payload = {Element("robot", "urn:beckon:robot:0").set("id", name)};
    config.ownsRoster = options.ownsRoster;
    config.firstRetry = options.firstRetry;
    config.longestRetry = options.longestRetry;
    config.longestSilence = options.longestSilence;
    config.pingDeadline = options.pingDeadline;
    client.emplace(
        io.get_executor(),
        [this, &io, how, before = options.before]() {
          auto here = how;
          if (static_cast<std::size_t>(attempts) < before.size())
            here.port = before[static_cast<std::size_t>(attempts)];
          ++attempts;
          return makeClientStream(io.get_executor(), here, run::silentLog());
        },
        config, run::silentLog());
  }

  void start() {
    client->start({nullptr, [this](const run::Error& why, std::chrono::milliseconds) { errors.push_back(why); },
                   nullptr, nullptr, nullptr});
  }

  const Presence* sees(const Jid& bare) const {
    for (const auto& [jid, presence] : client->present())
      if (jid.bare() == bare) return &presence;
    return nullptr;
  }

  Jid self;
  std::optional<Client> client;
  std::vector<run::Error> errors;
  int attempts = 0;
};

}  // namespace beckon::xmpp
