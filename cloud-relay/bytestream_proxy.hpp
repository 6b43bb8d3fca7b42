#pragma once

#include "cloud-relay/tickets.hpp"
#include "cloud-relay/usage.hpp"
#include "core/run/error.hpp"
#include "core/run/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace beckon::relay {

// The proxy of SOCKS5 bytestreams (XEP-0065): takes connections, lets in whom a ticket names, and moves bytes between
// the two once the requester says so. Strangers get nothing but the two bytes of the protocol's greeting. What is
// asked over XMPP is not its business. On the executor of `io`.
class BytestreamProxy {
 public:
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    Tickets::Limits tickets = {};
    std::size_t mostStrangers = 256;  // connections that have shown no ticket yet
    std::size_t mostOfAddress = 16;   // of them, from one address, or one /64 of IPv6; more are closed at once
    Duration handshakeTime = std::chrono::seconds(5);  // for a stranger to show one
    // Asked at each beat: accounts whose tickets and streams are to end, of those that have some. Another relay, or
    // whoever administers the fleets, may have put them out.
    std::function<std::set<std::string>(const std::set<std::string>&)> putOut = {};
  };
  static constexpr std::chrono::milliseconds beat{500};
  // Each so many, what was moved is written: a relay that is killed forgets no more.
  static constexpr int beatsPerSave = 2;

  // `usage` outlives it.
  BytestreamProxy(boost::asio::io_context& io, Usage& usage, run::Log log, const Options& options);
  ~BytestreamProxy();  // stops
  BytestreamProxy(const BytestreamProxy&) = delete;
  BytestreamProxy& operator=(const BytestreamProxy&) = delete;

  // Once. Port 0 takes a free one. Error invalidConfig.
  run::Result<boost::asio::ip::tcp::endpoint> start(const boost::asio::ip::tcp::endpoint& where);
  // Breaks off all streams; what was moved is written.
  void stop();

  // The ends may connect now. Errors: overloaded for a requester who may have no more streams, or may move no more
  // today; invalidArgument; those of the store.
  run::Result<> open(const Session& session);
  // Both are there: bytes pass from now on. Errors as above.
  run::Result<> activate(const Session& session);
  // How many tickets and streams are open.
  std::size_t size() const;
  // The tickets and streams of whom this account is either end.
  void endOf(const std::string& account);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::relay
