#pragma once

#include "tests/support/free_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <list>
#include <string>
#include <utility>

namespace beckon::test {

// Accepts whoever comes, says the same to each, and then nothing for ever.
class Hostile {
 public:
  Hostile(boost::asio::io_context& io, std::string words)
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), freePort()}), words_(std::move(words)) {
    accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      sockets_.push_back(std::move(socket));
      boost::asio::async_write(sockets_.back(), boost::asio::buffer(words_), [](auto...) {});
      accept();
    });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  std::list<boost::asio::ip::tcp::socket> sockets_;
  const std::string words_;
};

// Stands between a client and its server. Frozen, it lets nothing through and says nothing, like a network that is
// gone.
class Proxy {
 public:
  Proxy(boost::asio::io_context& io, unsigned short target) : Proxy(io, "127.0.0.1", freePort(), target) {}
  // Listens there; leads to `target` on 127.0.0.1.
  Proxy(boost::asio::io_context& io, const std::string& address, unsigned short port, unsigned short target)
      : io_(io), acceptor_(io, {boost::asio::ip::make_address(address), port}), target_(target) {
    accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  bool frozen = false;

 private:
  struct Pipe {
    boost::asio::ip::tcp::socket client, server;
    std::array<char, 4096> up{}, down{};
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      auto& pipe = pipes_.emplace_back(Pipe{std::move(socket), boost::asio::ip::tcp::socket(io_)});
      boost::system::error_code refused;
      pipe.server.connect({boost::asio::ip::address_v4::loopback(), target_}, refused);
      forward(pipe.client, pipe.server, pipe.up);
      forward(pipe.server, pipe.client, pipe.down);
      accept();
    });
  }

  void forward(boost::asio::ip::tcp::socket& from, boost::asio::ip::tcp::socket& to, std::array<char, 4096>& buffer) {
    from.async_read_some(boost::asio::buffer(buffer),
                         [this, &from, &to, &buffer](boost::system::error_code error, std::size_t size) {
                           if (frozen || error == boost::asio::error::operation_aborted) return;
                           boost::system::error_code ignored;
                           if (error) {
                             to.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
                             return;
                           }
                           boost::asio::write(to, boost::asio::buffer(buffer, size), ignored);
                           forward(from, to, buffer);
                         });
  }

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  unsigned short target_;
  std::list<Pipe> pipes_;
};

}  // namespace beckon::test
