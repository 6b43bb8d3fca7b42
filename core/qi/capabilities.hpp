#pragma once

#include "core/qi/value_coder.hpp"
#include "core/qi/writer.hpp"

#include <map>
#include <string>

namespace beckon::qi {

// What travels when a connection is set up: capabilities, credentials and the state of authentication,
// signature {sm}. Kept in the order of its keys, which carries no meaning.
using CapabilityMap = std::map<std::string, Value>;

namespace capability {
inline constexpr const char* clientServerSocket = "ClientServerSocket";
inline constexpr const char* messageFlags = "MessageFlags";
inline constexpr const char* metaObjectCache = "MetaObjectCache";
inline constexpr const char* objectPtrUid = "ObjectPtrUID";
inline constexpr const char* relativeEndpointUri = "RelativeEndpointURI";
inline constexpr const char* remoteCancelableCalls = "RemoteCancelableCalls";
// Beckon's own: text, the sessionId of the process (ServiceInfo), by which a client knows that it reached the right
// one.
inline constexpr const char* beckonSession = "BeckonSession";
// Text, told to the directory only: the secret of a session. Who connects with that of a connection that is there takes
// its place.
inline constexpr const char* beckonResume = "BeckonResume";
// A program's services may be called by others over its connection to the directory.
inline constexpr const char* beckonRelay = "BeckonRelay";
// Text, told by a gateway on a connection that it has for one caller from outside: the principal that calls.
inline constexpr const char* beckonCaller = "BeckonCaller";
// Beckon's own, on unix sockets: large payloads travel in shared memory (docs/protocol/qi.md, "The pool").
inline constexpr const char* beckonPool = "BeckonPool";
// Between a session and a directory: a registration may say which number it expects (docs/design/019). The directory
// tells it to those who told it.
inline constexpr const char* beckonNumbers = "BeckonNumbers";
}  // namespace capability

// What Beckon advertises. It differs from libqi 4.0.5 in RelativeEndpointURI: lists of relative
// endpoints grow with the square of the services (docs/protocol/qi.md, "Capabilities").
CapabilityMap ownCapabilities();

// The two ends of one connection. A capability is shared if both sent it; its value is the smaller one.
class Capabilities {
 public:
  explicit Capabilities(CapabilityMap own) : own_(std::move(own)) {}

  const CapabilityMap& own() const { return own_; }
  // What a server tells of itself: a libqi peer is not shown what only a peer of ours asks for.
  CapabilityMap answered() const;
  // Takes what the peer sent of the capabilities that we have ourselves, and what Beckon's own tell; the first value of
  // a key stays. Others can never be shared, and a peer must not make us keep what it likes.
  void addRemote(const CapabilityMap& remote);

  bool shared(const std::string& name) const;
  // MessageFlags alone is judged by what the peer sent.
  bool remote(const std::string& name) const;
  // What the peer sent as text; empty where it did not.
  std::string remoteText(const std::string& name) const;
  ObjectFormat objectFormat() const { return objectFormat_; }

 private:
  CapabilityMap own_;
  CapabilityMap remote_;
  ObjectFormat objectFormat_{false, false};  // asked for with each message
};

}  // namespace beckon::qi
