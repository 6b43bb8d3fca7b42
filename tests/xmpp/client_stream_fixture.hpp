#pragma once

#include "tests/support/free_port.hpp"
#include "tests/support/prosody.hpp"
#include "tests/support/run_until.hpp"
#include "xmpp/client_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace beckon::xmpp {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test::Prosody;
using test::runUntil;
using testing::HasSubstr;

class ClientStream : public testing::Test {
 protected:
  static ClientStreamConfig at(const std::string& host, unsigned short port) {
    ClientStreamConfig config;
    config.account = *Jid::parse("robot@robots.test");
    config.resource = "gateway";
    config.password = "secret";
    config.host = host;
    config.port = port;
    config.stageDeadline = 3s;
    return config;
  }

  static ClientStreamConfig at(const Prosody& server) {
    auto config = at(server.host(), server.port());
    config.caFile = server.caFile();
    return config;
  }

  void open(ClientStreamConfig config) {
    stream = make(std::move(config));
    stream->start({[this](const Jid& jid) { self = jid; },
                   [this](Element stanza) { stanzas.push_back(std::move(stanza)); },
                   [this](const run::Error& why) { closed = why; }});
  }

  virtual std::unique_ptr<Stream> make(ClientStreamConfig config) {
    return makeClientStream(io.get_executor(), std::move(config), run::silentLog());
  }

  bool comesOnline() {
    return runUntil(io, [this] { return !self.empty() || closed; }) && !closed;
  }

  run::Error failure(ClientStreamConfig config) {
    open(std::move(config));
    runUntil(io, [this] { return closed.has_value(); });
    EXPECT_TRUE(self.empty());
    return closed.value_or(run::Error{run::Code::internal, "the stream did not end", ""});
  }

  Element ping(std::string_view id) {
    return Element("iq", std::string(ns::client))
        .set("type", "get")
        .set("id", id)
        .add(Element("ping", std::string(ns::ping)));
  }

  boost::asio::io_context io;
  std::unique_ptr<Stream> stream;
  Jid self;
  std::vector<Element> stanzas;
  std::optional<run::Error> closed;
};

// A server that accepts one connection; says `words` and then nothing.
struct Listener {
  explicit Listener(boost::asio::io_context& io, std::string words_ = {})
      : acceptor(io, {boost::asio::ip::address_v4::loopback(), test::freePort()}),
        socket(io),
        words(std::move(words_)) {
    acceptor.async_accept(socket, [this](boost::system::error_code error) {
      if (error) return;
      accepted = true;
      boost::asio::async_write(socket, boost::asio::buffer(words), [](auto...) {});
    });
  }
  unsigned short port() const { return acceptor.local_endpoint().port(); }

  tcp::acceptor acceptor;
  tcp::socket socket;
  std::string words;
  bool accepted = false;
};

}  // namespace beckon::xmpp
