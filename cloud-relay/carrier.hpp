#pragma once

#include "cloud-relay/pipes.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>

namespace beckon::relay {

// Moves bytes between two sockets, both ways, within the kernel (splice): an end that does not read stops the other
// from writing; one that has written all (FIN) may go on reading. A stream that rests holds two descriptors and some 2
// kB. Where one end breaks, the other is reset, so that nobody takes a part for the whole. SIGPIPE is to be ignored. On
// the sockets' executor.
class Carrier : public std::enable_shared_from_this<Carrier> {
 public:
  struct Events {
    // Of each piece, before it is passed on. False: no more, the stream is broken off.
    std::function<bool(std::size_t bytes)> moved;
    // Once, when the stream is over by itself; not after close(). Never from inside start().
    std::function<void()> ended;
  };

  // `pipes` outlives it.
  Carrier(boost::asio::ip::tcp::socket first, boost::asio::ip::tcp::socket second, Pipes& pipes, Events events);
  void start();
  // Both ends are reset.
  void close();

 private:
  struct Way {
    boost::asio::ip::tcp::socket* from = nullptr;
    boost::asio::ip::tcp::socket* to = nullptr;
    std::unique_ptr<Pipe> pipe;  // while there is something in it
    std::size_t held = 0;        // bytes in it
    bool isOver = false;
  };
  enum class Step { goOn, wait };

  void run(Way& way);
  Step fill(Way& way);
  Step drain(Way& way);
  void wait(Way& way, boost::asio::ip::tcp::socket& socket, boost::asio::ip::tcp::socket::wait_type what);
  void rest(Way& way);
  void finish(Way& way);
  void breakOff();

  boost::asio::ip::tcp::socket first_, second_;
  Pipes& pipes_;
  Events events_;
  std::array<Way, 2> ways_;
};

}  // namespace beckon::relay
