#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"
#include "xmpp/bytestreams.hpp"
#include "xmpp/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beckon::xmpp {

// Connects to a proxy of SOCKS5 by TCP, and through it to `destination`. Errors: unreachable, timedOut, protocolError
// and those of socks5::Client.
boost::asio::awaitable<run::Result<boost::asio::ip::tcp::socket>> connectThrough(std::string host, std::uint16_t port,
                                                                                 std::string destination,
                                                                                 std::chrono::milliseconds deadline);

// A client's bytestreams through relays (XEP-0065, docs/protocol/bytestreams.md). What is written to one end's socket
// is read from the other's; the relay sees it, so that whoever cares encrypts it. On the client's executor.
class Bytestreams {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // Whether a stream by that one is wanted; whoever else asks hears service-unavailable.
  using IsWanted = std::function<bool(const Jid& requester)>;
  // Bytes of the other end come once it has told the relay.
  using Arrived = std::function<void(const Jid& requester, Socket)>;

  // How long one of several relays has for each step, before it counts as gone and the next one is asked.
  static constexpr std::chrono::milliseconds relayTime{700};

  // The client outlives it. `relays`: components; streams lead through no others, whatever others offer, and a relay
  // itself says where it listens.
  Bytestreams(boost::asio::any_io_executor executor, Client& client, std::vector<Jid> relays, run::Log log);

  // From now on streams are accepted; once, before the client starts.
  void accept(IsWanted isWanted, Arrived arrived);
  // To somebody's full JID, through the relay that has the most room; where it fails, through the next. `deadline`: of
  // each step. This object outlives it. Errors, of the last relay: those of whom is asked, of connectThrough(), and
  // protocolError; unreachable where no relay answers.
  boost::asio::awaitable<run::Result<Socket>> open(Jid target, std::chrono::milliseconds deadline);

 private:
  boost::asio::awaitable<void> answer(IqRequest request, IqReply reply, Arrived arrived);
  // Those that answer, the emptiest first.
  boost::asio::awaitable<std::vector<bytestreams::Host>> askRelays(std::chrono::milliseconds deadline);
  boost::asio::awaitable<run::Result<Socket>> openThrough(Jid relay, Jid target, std::chrono::milliseconds deadline);

  // What a relay has of a deadline.
  std::chrono::milliseconds shareOf(std::chrono::milliseconds deadline) const {
    return relays_.size() > 1 && deadline > relayTime ? relayTime : deadline;
  }

  boost::asio::any_io_executor executor_;
  Client& client_;
  std::vector<Jid> relays_;
  run::Log log_;
  std::shared_ptr<void> alive_ = std::make_shared<int>();
};

}  // namespace beckon::xmpp
