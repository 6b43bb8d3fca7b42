#include "localbus/handshake.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"

namespace beckon::localbus {
namespace {

using qi::CapabilityMap;
using qi::MessageType;

constexpr qi::Address authenticateAddress{qi::serverService, 0, qi::action::authenticate};
constexpr const char* stateKey = "__qi_auth_state";
constexpr std::string_view credentialPrefix = "auth_";

// Values of __qi_auth_state.
constexpr std::uint32_t stateContinue = 2;
constexpr std::uint32_t stateDone = 3;
// As libqi names the types in the texts of its refusals.
const char* typeName(MessageType type) {
  switch (type) {
    case MessageType::call:
      return "Call";
    case MessageType::reply:
      return "Reply";
    case MessageType::error:
      return "Error";
    case MessageType::post:
      return "Post";
    case MessageType::event:
      return "Event";
    case MessageType::capability:
      return "Capability";
    case MessageType::cancel:
      return "Cancel";
    case MessageType::canceled:
      return "Canceled";
    default:
      return "None";
  }
}

// libqi's texts, and the version of its authentication, which is part of its refusals.
constexpr const char* refusal = "Authentication failed: ";
constexpr const char* refusalVersion = " [1.0]";
constexpr const char* expectation = "Expected authentication (";

CapabilityMap credentialsIn(const CapabilityMap& sent) {
  CapabilityMap out;
  for (const auto& [key, value] : sent) {
    if (key.starts_with(credentialPrefix)) out.emplace(key.substr(credentialPrefix.size()), value);
    if (key.starts_with("__qi_auth_")) out.emplace(key, value);
  }
  return out;
}

ServerHandshake::Step refuse(const qi::Message& message, const std::string& text) {
  return {Outgoing{MessageType::error, message.header.address, qi::encodeErrorText(text), message.header.id}, true};
}

ServerHandshake::Step cannotHandle(const qi::Message& message) {
  return {Outgoing{MessageType::error, message.header.address, qi::encodeNotHandled(), message.header.id}, false};
}

}  // namespace

ServerHandshake::Step ServerHandshake::receive(const qi::Message& message) {
  const auto& header = message.header;
  if (header.type == MessageType::capability) {
    const auto sent = qi::decode<CapabilityMap>(message.payload);
    if (!sent) return {{}, true};
    capabilities_.addRemote(*sent);
    return {};
  }
  if (header.address.service != qi::serverService) {
    // No object is bound before authentication; the connection stays.
    return header.type == MessageType::call ? cannotHandle(message) : Step{};
  }
  if (header.type == MessageType::call && header.address.action == qi::action::authenticate)
    return authenticate(message);
  if (done_) return header.type == MessageType::call ? cannotHandle(message) : Step{};
  if (authenticator_) {
    std::string text = expectation;
    text += "service #0, type #Call, action #8), received service #0, type #";
    text += typeName(header.type);
    text += ", action #" + std::to_string(header.address.action);
    return refuse(message, text);
  }
  // Peers from before authentication existed say hello with something else.
  done_ = true;
  capabilitiesSent_ = true;
  return {Outgoing{MessageType::capability, {}, qi::encode(capabilities_.answered())}, false};
}

ServerHandshake::Step ServerHandshake::authenticate(const qi::Message& message) {
  const auto sent = qi::decode<CapabilityMap>(message.payload);
  if (!sent) return {{}, true};
  capabilities_.addRemote(*sent);
  CapabilityMap reply;
  std::uint32_t state = stateDone;
  if (!done_ && authenticator_) {
    auto decision = authenticator_(credentialsIn(*sent));
    if (decision.state == AuthDecision::State::refused)
      return refuse(message, refusal + decision.reason + refusalVersion);
    if (decision.state == AuthDecision::State::more) state = stateContinue;
    reply = std::move(decision.reply);
  }
  if (!capabilitiesSent_) reply.merge(capabilities_.answered());
  capabilitiesSent_ = true;
  reply.insert_or_assign(stateKey, qi::dynamic(state));
  done_ = done_ || state == stateDone;
  return {Outgoing{MessageType::reply, message.header.address, qi::encode(reply), message.header.id}, false};
}

Outgoing ClientHandshake::begin() {
  CapabilityMap map = capabilities_.own();
  map.insert(credentials_.begin(), credentials_.end());
  return {MessageType::call, authenticateAddress, qi::encode(map)};
}

ClientHandshake::Step ClientHandshake::receive(const qi::Message& message) {
  const auto fail = [](run::Code code, std::string cause, std::string next) -> Step {
    return {{}, run::Error{code, std::move(cause), std::move(next)}};
  };
  if (message.header.type == MessageType::error) {
    const auto text = qi::decodeErrorText(message.payload);
    if (text.starts_with(refusal) || text.starts_with(expectation) || !credentials_.empty())
      return fail(run::Code::notAuthenticated, text, "give the right user and token");
    // A server from before authentication existed knows no such action: libqi goes on with its capabilities, too.
    done_ = true;
    return {Outgoing{MessageType::capability, {}, qi::encode(capabilities_.own())}, {}};
  }
  const auto map = qi::decode<CapabilityMap>(message.payload);
  if (!map)
    return fail(run::Code::protocolError, "the peer's answer to authentication cannot be read",
                "check that a qi directory or service listens there");
  capabilities_.addRemote(*map);
  const auto found = map->find(stateKey);
  const auto state = found == map->end() ? run::Result<std::uint32_t>(0u) : qi::fromValue<std::uint32_t>(found->second);
  if (state && *state == stateDone) {
    done_ = true;
    return {};
  }
  if (state && *state == stateContinue && more_ && ++rounds_ <= mostRounds) {
    const auto credentials = more_(*map);
    if (!credentials.empty()) return {Outgoing{MessageType::call, authenticateAddress, qi::encode(credentials)}, {}};
  }
  return fail(run::Code::notAuthenticated, "the peer wants credentials that were not given", "give user and token");
}

}  // namespace beckon::localbus
