#pragma once

#include "localbus/connection.hpp"
#include "tests/localbus/raw_peer.hpp"

#include <gtest/gtest.h>

// What calls came to, and a connection whose other end the test plays.
namespace beckon::test {

// What a call came to.
struct Outcome {
  bool done = false;
  std::optional<run::Error> error;
  qi::Bytes payload;

  localbus::AnswerHandler handler() {
    return [this](run::Result<localbus::Answer> answer) {
      EXPECT_FALSE(done) << "answered twice";
      done = true;
      if (answer)
        payload.assign(answer->payload.begin(), answer->payload.end());
      else
        error = answer.error();
    };
  }
};

// A connection to a server that the test plays.
struct Played {
  explicit Played(localbus::Receiver* receiver = nullptr) {
    localbus::Socket socket(loop.io.get_executor());
    const auto endpoint = server.endpoint();
    socket.connect(boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address(endpoint.host), endpoint.port));
    connection = localbus::Connection::connected(std::move(socket), {}, {}, receiver, run::silentLog());
  }
  // The other end, which tells `capabilities`.
  RawPeer begin(const qi::CapabilityMap& capabilities = qi::ownCapabilities()) {
    bool ready = false;
    connection->start([&](run::Result<> result) { ready = result.has_value(); });
    auto peer = server.accept();
    RawServer::letIn(peer, capabilities);
    EXPECT_TRUE(loop.runUntil([&] { return ready; }));
    return peer;
  }
  Loop loop;
  RawServer server{loop};
  std::shared_ptr<localbus::Connection> connection;
};

}  // namespace beckon::test
