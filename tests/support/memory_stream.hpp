#pragma once

#include "xmpp/stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace beckon::test {

// The server's end of a MemoryStream: what the client sent, and what it is to receive. Outlives the stream.
struct MemoryServer {
  using Events = xmpp::Stream::Events;

  boost::asio::any_io_executor executor;
  Events events;  // of the stream that is there; empty functions where there is none
  std::vector<xmpp::Element> sent;
  int started = 0;
  std::size_t largestStanza = 262144;
  std::function<void(const xmpp::Element&)> answer;  // called for each stanza that the client sends

  // Copied first: an event may end the stream, and with it the events.
  void online(const xmpp::Jid& self) { Events(events).online(self); }
  void give(xmpp::Element stanza) { Events(events).stanza(std::move(stanza)); }
  void close(run::Code code, std::string cause) {
    const auto ended = std::exchange(events, {});
    ended.closed({code, std::move(cause), ""});
  }
};

// A Stream without a network.
class MemoryStream final : public xmpp::Stream {
 public:
  explicit MemoryStream(std::shared_ptr<MemoryServer> server) : server_(std::move(server)) {}
  ~MemoryStream() override { stop(); }

  void start(Events events) override {
    server_->events = std::move(events);
    ++server_->started;
    up_ = true;
  }

  run::Result<> send(const xmpp::Element& stanza) override {
    if (!up_) return run::Error{run::Code::connectionLost, "not online", ""};
    if (stanza.toXml().size() > server_->largestStanza)
      return run::Error{run::Code::tooLarge, "too large", "send less"};
    server_->sent.push_back(stanza);
    if (server_->answer) boost::asio::post(server_->executor, [server = server_, stanza] { server->answer(stanza); });
    return {};
  }

  void stop() override {
    if (std::exchange(up_, false)) server_->events = {};
  }

 private:
  std::shared_ptr<MemoryServer> server_;
  bool up_ = false;
};

}  // namespace beckon::test
