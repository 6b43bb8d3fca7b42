#pragma once

#include "gateway/doors/chat_door.hpp"
#include "gateway/doors/command_door.hpp"
#include "gateway/doors/iq_door.hpp"
#include "gateway/doors/xmpp_requests.hpp"

#include <memory>

namespace beckon::apps {

// The ways in by one account on an XMPP server.
class XmppDoors {
 public:
  // `client` outlives it, or close() comes before.
  XmppDoors(std::shared_ptr<gateway::XmppRequests> requests, xmpp::Client& client)
      : requests_(std::move(requests)), iq_(requests_), commands_(requests_), chat_(requests_) {
    iq_.open(client);
    commands_.open(client);
    chat_.open(client);
  }

  void received(const xmpp::Element& message) { chat_.received(message); }
  void close() {
    iq_.close();
    chat_.close();
    requests_->close();
  }

 private:
  std::shared_ptr<gateway::XmppRequests> requests_;
  gateway::IqDoor iq_;
  gateway::CommandDoor commands_;
  gateway::ChatDoor chat_;
};

}  // namespace beckon::apps
