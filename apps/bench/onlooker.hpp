#pragma once

#include "xmpp/client_stream.hpp"

#include <functional>
#include <memory>
#include <set>

namespace beckon::bench {

// The owner, logged in with no more than a presence of his: who is there, as his server tells him.
class Onlooker {
 public:
  struct Events {
    std::function<void(const xmpp::Jid& account)> seen;  // an account's presence has come, of whatever kind
    std::function<void(const run::Error& why)> closed;
  };

  Onlooker(boost::asio::any_io_executor executor, xmpp::ClientStreamConfig account, Events events, run::Log log);

  void start();
  void stop() { stream_.reset(); }
  bool online() const { return isOnline_; }
  // How many accounts but his own are there.
  std::size_t present() const { return present_.size(); }

 private:
  void received(const xmpp::Element& stanza);

  xmpp::Jid self_;  // bare
  Events events_;
  std::unique_ptr<xmpp::Stream> stream_;
  bool isOnline_ = false;
  std::set<xmpp::Jid> present_;  // bare
};

}  // namespace beckon::bench
