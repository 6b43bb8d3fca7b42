#pragma once

#include "core/qi/convert.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_host.hpp"
#include "policy/admission.hpp"

#include <map>
#include <set>

namespace beckon::test {

// The least that a door does with tokens: whoever shows a good one comes in, and is put out when it ends.
class TokenDoor {
 public:
  TokenDoor(boost::asio::io_context& io, localbus::ObjectHost& host, policy::LiveTokens& tokens)
      : tokens_(tokens),
        admission_(tokens, {}, run::silentLog()),
        listener_(
            io, host, [this](const qi::CapabilityMap& shown) { return admit(shown); }, run::silentLog()),
        listening_(tokens.onEnded([this](const policy::LiveTokens::Ended& token) { putOut(token); })) {
    // In the same turn of the loop as admit().
    listener_.onReady([this](const std::shared_ptr<localbus::Connection>& connection) {
      if (!tokens_.isGood(admitted_)) return connection->close({run::Code::notAuthenticated, "the token ended", {}});
      inside_[admitted_].insert(connection->id());
    });
  }

  run::Result<localbus::Endpoint> start(const localbus::TlsContext& tls) {
    return listener_.start({"127.0.0.1", 0, localbus::Endpoint::Scheme::tcps}, tls);
  }
  void stop() { listener_.stop(); }

 private:
  localbus::AuthDecision admit(const qi::CapabilityMap& shown) {
    using State = localbus::AuthDecision::State;
    const auto found = shown.find("token");
    const auto text = found == shown.end() ? run::Result<std::string>("") : qi::fromValue<std::string>(found->second);
    const auto admitted = admission_.admit({.token = text ? *text : "?", .key = {}, .address = "127.0.0.1"});
    if (!admitted) return {State::refused, {}, admitted.error().cause};
    admitted_ = admitted->token;
    return {};
  }
  void putOut(const policy::LiveTokens::Ended& token) {
    const auto found = inside_.find(token.id);
    if (found == inside_.end()) return;
    const auto ids = std::move(found->second);
    inside_.erase(found);
    for (const auto id : ids)
      if (const auto connection = listener_.connection(id))
        connection->close({run::Code::notAuthenticated, std::string(token.reason), {}});
  }

  policy::LiveTokens& tokens_;
  policy::Admission admission_;
  localbus::Listener listener_;
  std::shared_ptr<void> listening_;
  std::int64_t admitted_ = 0;
  std::map<std::int64_t, std::set<std::uint64_t>> inside_;  // connections by token
};

}  // namespace beckon::test
