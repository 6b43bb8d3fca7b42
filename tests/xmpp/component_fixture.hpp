#pragma once

#include "tests/support/free_port.hpp"
#include "tests/support/prosody.hpp"
#include "tests/support/run_until.hpp"
#include "xmpp/component_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace beckon::xmpp {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test::Prosody;
using test::runUntil;
using testing::HasSubstr;

inline const Jid relay = *Jid::parse("relay.robots.test");

inline Prosody::Options withRelay() {
  Prosody::Options options;
  options.components = {{relay.text(), "hush"}};
  return options;
}

inline ComponentConfig componentAt(unsigned short port) {
  ComponentConfig config;
  config.domain = relay;
  config.secret = "hush";
  config.port = port;
  config.stageDeadline = 3s;
  return config;
}

// A server that says what it is told to, as soon as somebody connects, and remembers what it was sent.
class ScriptedServer {
 public:
  static constexpr std::string_view header =
      "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
      "xmlns:stream='http://etherx.jabber.org/streams' from='relay.robots.test' id='42'>";
  static constexpr std::string_view accepted = "<handshake/>";

  explicit ScriptedServer(boost::asio::io_context& io, std::string words = {})
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), test::freePort()}), words_(std::move(words)) {
    accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

  // To the last one who connected.
  void say(std::string_view words) { boost::asio::write(sockets_.back(), boost::asio::buffer(words)); }
  void hangUp() { sockets_.back().close(); }

  std::string heard;
  int connected = 0;
  bool reads = true, left = false;  // left: somebody closed his end

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      ++connected;
      sockets_.push_back(std::move(socket));
      boost::asio::async_write(sockets_.back(), boost::asio::buffer(words_), [](auto...) {});
      if (reads) read(sockets_.back());
      accept();
    });
  }

  void read(tcp::socket& socket) {
    socket.async_read_some(boost::asio::buffer(buffer_),
                           [this, &socket](boost::system::error_code error, std::size_t size) {
                             left = left || error == boost::asio::error::eof;
                             if (error) return;
                             heard.append(buffer_.data(), size);
                             read(socket);
                           });
  }

  tcp::acceptor acceptor_;
  std::list<tcp::socket> sockets_;
  std::array<char, 4096> buffer_{};
  const std::string words_;
};

}  // namespace beckon::xmpp
