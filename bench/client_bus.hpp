#pragma once

#include "bench/client_options.hpp"
#include "bench/figures.hpp"
#include "directory/session.hpp"

#include <boost/asio/awaitable.hpp>

namespace beckon::bench {

using boost::asio::awaitable;

// Longer than any call of a bench takes on a machine that is busy.
constexpr localbus::Duration patience = std::chrono::seconds(60);

// What every mode has: a session on the server's bus, and the server's process as far as it is on this computer.
struct Bus {
  boost::asio::io_context& io;
  const ClientOptions& options;
  localbus::Endpoint endpoint;
  directory::Session::Options sessionOptions;
  std::shared_ptr<directory::Session> session = {};
  int server = 0;  // the process
};

// Each mode; the failure of any call ends it.
awaitable<run::Result<Outcome>> callOneService(Bus& bus, std::string service);  // lat, latst, async
awaitable<run::Result<Outcome>> callWithText(Bus& bus);                         // latstr
awaitable<run::Result<Outcome>> callWithBytes(Bus& bus, bool andBack);          // raw, echoraw
awaitable<run::Result<Outcome>> callFromThreads(Bus& bus);                      // threads
awaitable<run::Result<Outcome>> hearEvents(Bus& bus);                           // events
awaitable<run::Result<Outcome>> openConnections(Bus& bus);                      // conns
awaitable<run::Result<Outcome>> openSessions(Bus& bus);                         // sessions
awaitable<run::Result<Outcome>> registerServices(Bus& bus);                     // register
awaitable<run::Result<Outcome>> listServices(Bus& bus);                         // services

// A connection of its own to the server, ready.
awaitable<run::Result<std::shared_ptr<localbus::Connection>>> openConnection(Bus& bus);

}  // namespace beckon::bench
