#pragma once

#include "core/qi/capabilities.hpp"
#include "core/qi/error_payload.hpp"
#include "core/qi/frame_parser.hpp"
#include "localbus/endpoint.hpp"
#include "tests/localbus/loop.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <optional>
#include <string>

// A peer that sends whatever bytes a test likes and keeps no rules.
namespace beckon::test {

struct Frame {
  qi::Header header;
  qi::Bytes payload;

  std::string errorText() const { return qi::decodeErrorText(payload); }
  template <class T>
  T as() const {
    return qi::decode<T>(payload).value();
  }
};

class RawPeer {
 public:
  using Tcp = boost::asio::ip::tcp;

  RawPeer(Loop& loop, const localbus::Endpoint& to) : loop_(loop), socket_(loop.io) {
    socket_.connect({boost::asio::ip::make_address(to.host), to.port});
    socket_.set_option(Tcp::no_delay(true));
  }
  RawPeer(Loop& loop, Tcp::socket socket) : loop_(loop), socket_(std::move(socket)) {
    boost::system::error_code gone;
    socket_.set_option(Tcp::no_delay(true), gone);
  }

  // The socket takes them at once or later; the loop has to run for what is large.
  void send(qi::Bytes bytes) {
    const auto kept = std::make_shared<qi::Bytes>(std::move(bytes));
    boost::asio::async_write(socket_, boost::asio::buffer(*kept), [kept](boost::system::error_code, std::size_t) {});
    loop_.poll();
  }
  static qi::Bytes whole(qi::Header header, qi::ByteView payload) {
    header.payloadSize = static_cast<std::uint32_t>(payload.size());
    const auto bytes = header.encode();
    qi::Bytes whole(bytes.begin(), bytes.end());
    whole.insert(whole.end(), payload.begin(), payload.end());
    return whole;
  }
  void send(const qi::Header& header, qi::ByteView payload = {}) { send(whole(header, payload)); }

  // Returns its id.
  std::uint32_t call(qi::Address address, qi::ByteView payload = {}, std::uint8_t flags = 0) {
    send({++lastId_, 0, 0, qi::MessageType::call, flags, address}, payload);
    return lastId_;
  }
  // The answer to it, which has to be the next message.
  Frame ask(qi::Address address, qi::ByteView payload = {}, std::uint8_t flags = 0) {
    const auto id = call(address, payload, flags);
    auto answer = message();
    if (answer.header.id != id || answer.header.address != address)
      throw std::runtime_error("something else came before the answer");
    return answer;
  }
  Frame authenticate(const qi::CapabilityMap& map = qi::ownCapabilities()) {
    return ask({qi::serverService, 0, qi::action::authenticate}, qi::encode(map));
  }

  // The next message; none if the peer closed the connection. Throws if neither happens in time.
  std::optional<Frame> next() {
    for (;;) {
      const auto parsed = parser_.next();
      if (!parsed) throw std::runtime_error("not a message: " + parsed.error().cause);
      if (*parsed) return Frame{(*parsed)->header, {(*parsed)->payload.begin(), (*parsed)->payload.end()}};
      if (!readSome()) return {};
    }
  }
  // The next message; throws if the peer closed the connection instead.
  Frame message() {
    auto frame = next();
    if (!frame) throw std::runtime_error("closed instead of a message");
    return std::move(*frame);
  }
  // The next message; none if the peer closed the connection or `done` says that there is enough.
  std::optional<Frame> nextUntil(const std::function<bool()>& done) {
    enough_ = done;
    auto frame = next();
    enough_ = nullptr;
    return frame;
  }
  // Whether the peer closes it without another message.
  bool closes() { return !next(); }

  // Closes with a reset instead of a farewell.
  void reset() {
    socket_.set_option(Tcp::socket::linger(true, 0));
    socket_.close();
  }
  void close() { socket_.close(); }
  void shutdownSend() { socket_.shutdown(Tcp::socket::shutdown_send); }

 private:
  bool readSome() {
    const auto room = parser_.room();
    std::optional<std::size_t> got;
    socket_.async_read_some(boost::asio::buffer(room.data(), room.size()),
                            [&](boost::system::error_code problem, std::size_t bytes) { got = problem ? 0 : bytes; });
    const bool inTime = loop_.runUntil([&] { return got.has_value() || (enough_ && enough_()); });
    if (!got) {
      socket_.cancel();
      loop_.runUntil([&] { return got.has_value(); });
    }
    if (!inTime) throw std::runtime_error("no message and no end in time");
    parser_.filled(*got);
    return *got > 0;
  }

  Loop& loop_;
  Tcp::socket socket_;
  qi::FrameParser parser_{qi::limits::maxPayload};
  std::uint32_t lastId_ = 0;
  std::function<bool()> enough_;
};

// Where a test plays the server: an endpoint that accepts and then does what the test says.
class RawServer {
 public:
  explicit RawServer(Loop& loop) : loop_(loop), acceptor_(loop.io, {boost::asio::ip::address_v4::loopback(), 0}) {}

  localbus::Endpoint endpoint() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  // Completes when somebody has connected.
  RawPeer accept() {
    std::optional<RawPeer::Tcp::socket> socket;
    acceptor_.async_accept([&](boost::system::error_code problem, RawPeer::Tcp::socket taken) {
      if (!problem) socket.emplace(std::move(taken));
    });
    if (!loop_.runUntil([&] { return socket.has_value(); })) throw std::runtime_error("nobody connected in time");
    return RawPeer(loop_, std::move(*socket));
  }
  // Answers the authentication of a peer that has just been accepted.
  static void letIn(RawPeer& peer, qi::CapabilityMap map = qi::ownCapabilities()) {
    auto header = peer.message().header;
    map.emplace("__qi_auth_state", qi::dynamic(std::uint32_t{3}));
    header.type = qi::MessageType::reply;
    peer.send(header, qi::encode(map));
  }

 private:
  Loop& loop_;
  RawPeer::Tcp::acceptor acceptor_;
};

}  // namespace beckon::test
