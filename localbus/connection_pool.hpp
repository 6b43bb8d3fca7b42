#pragma once

#include "localbus/connection.hpp"
#include "localbus/pool.hpp"

#include <deque>

namespace beckon::localbus {

// The pool of one connection, and how its descriptors pass the unix socket among the bytes.
struct ConnectionPool {
  explicit ConnectionPool(const Executor& executor) : idleTimer(executor) {}

  // Both as the socket's own, but that what is written ends before the next descriptor or begins with it, and what is
  // read comes with the descriptors that stood in it. Neither waits. Reading 0 bytes is the end.
  std::size_t write(Socket& socket, qi::ByteView bytes, boost::system::error_code& problem);
  std::size_t read(Socket& socket, std::span<std::uint8_t> room, boost::system::error_code& problem);
  // The next descriptor goes with the byte that is the `queued`th from now.
  void pass(Descriptor descriptor, std::size_t queued);

  Pool own;
  PeerPool peers;
  PeerPool::HandBack handBack;
  std::optional<PeerPool::Borrowed> current;  // what the message that is being handled may keep
  std::vector<Descriptor> arrived;            // with the bytes that were read last
  Timer idleTimer;
  bool idleWatched = false;

 private:
  struct Passing {
    std::uint64_t at;
    Descriptor descriptor;
  };
  std::deque<Passing> passing_;
  std::uint64_t written_ = 0;
};

}  // namespace beckon::localbus
