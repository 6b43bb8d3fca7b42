#pragma once

#include "core/qi/capabilities.hpp"
#include "core/qi/message.hpp"
#include "core/run/error.hpp"

#include <functional>
#include <optional>
#include <string>

// How a connection is set up (docs/protocol/qi.md, "Authentication"): messages in, messages out, no I/O.
namespace beckon::localbus {

// What a message needs that is to be sent; the connection adds the header.
struct Outgoing {
  qi::MessageType type;
  qi::Address address;
  qi::Bytes payload;
  std::uint32_t answers = 0;  // the id of the call it answers; 0: it gets an id of its own
};

// One look at a client's credentials.
struct AuthDecision {
  enum class State { done, more, refused };
  State state = State::done;
  qi::CapabilityMap reply = {};  // for `more`: what the client has to work with, e.g. auth_newToken
  std::string reason = {};       // for `refused`: told to the client
};
// Asked with the client's credentials, their "auth_" prefix removed ("user", "token"). Absent: everybody
// is let in.
using Authenticator = std::function<AuthDecision(const qi::CapabilityMap& credentials)>;

class ServerHandshake {
 public:
  struct Step {
    std::optional<Outgoing> send;
    bool close = false;  // after sending
  };

  ServerHandshake(Authenticator authenticator, qi::Capabilities& capabilities)
      : authenticator_(std::move(authenticator)), capabilities_(capabilities) {}

  void setAuthenticator(Authenticator authenticator) { authenticator_ = std::move(authenticator); }
  bool done() const { return done_; }
  // Any message until done(); afterwards those for service 0.
  Step receive(const qi::Message& message);

 private:
  Step authenticate(const qi::Message& message);

  Authenticator authenticator_;
  qi::Capabilities& capabilities_;
  bool done_ = false;
  bool capabilitiesSent_ = false;
};

// What a client says when it is asked for more; the argument is the server's map. Nothing: it has no more to say.
using CredentialSource = std::function<qi::CapabilityMap(const qi::CapabilityMap& asked)>;

class ClientHandshake {
 public:
  struct Step {
    std::optional<Outgoing> send;
    std::optional<run::Error> failed;
  };

  // `credentials` travel as they are: keys with the prefix "auth_". `more` may be absent.
  ClientHandshake(qi::CapabilityMap credentials, CredentialSource more, qi::Capabilities& capabilities)
      : credentials_(std::move(credentials)), more_(std::move(more)), capabilities_(capabilities) {}

  bool done() const { return done_; }
  Outgoing begin();
  // The answer to what was sent last. It may be done with something to send.
  Step receive(const qi::Message& message);

 private:
  // How often it may be asked for more. A renewed token takes one round, a challenge two.
  static constexpr int mostRounds = 4;

  qi::CapabilityMap credentials_;
  CredentialSource more_;
  qi::Capabilities& capabilities_;
  int rounds_ = 0;
  bool done_ = false;
};

}  // namespace beckon::localbus
