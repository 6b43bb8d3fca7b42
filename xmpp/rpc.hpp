#pragma once

#include "core/qi/meta_object.hpp"
#include "core/qi/value.hpp"
#include "xmpp/element.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Calls by IQ, namespace urn:beckon:rpc:0 (docs/protocol/rpc.md): the payloads of requests, results and events, written
// and read. Reading fails with protocolError or, for what a caller wrote by hand, badArguments or malformedJson.
namespace beckon::xmpp::rpc {

inline constexpr std::string_view ns = "urn:beckon:rpc:0";

// Names of the payloads; a result has the name of its request.
inline constexpr std::string_view services = "services";        // get
inline constexpr std::string_view info = "info";                // get
inline constexpr std::string_view clock = "clock";              // get
inline constexpr std::string_view property = "property";        // get, set
inline constexpr std::string_view call = "call";                // set
inline constexpr std::string_view post = "post";                // set
inline constexpr std::string_view subscribe = "subscribe";      // set
inline constexpr std::string_view unsubscribe = "unsubscribe";  // set
inline constexpr std::string_view event = "event";              // in a message

// How long a service may take, if the caller does not say, and at most.
inline constexpr std::chrono::milliseconds usualTime{10'000};
inline constexpr std::chrono::milliseconds longestTime{60'000};
// A subscription is renewed so often, and dropped by the robot so long after the last renewal: three may get lost.
inline constexpr std::chrono::seconds renewal{15};
inline constexpr std::chrono::seconds lease{45};
// Of an id that a caller chooses.
inline constexpr std::size_t longestId = 64;

Element servicesRequest();
Element servicesResult(const std::vector<std::string>& names);
run::Result<std::vector<std::string>> readServices(const Element& result);

Element infoRequest(const std::string& service);
// Members that listings hide are left out.
Element infoResult(const std::string& service, const qi::MetaObject& metaObject);
run::Result<qi::MetaObject> readInfo(const Element& result);

// A moment on the clock of one run of a robot.
struct Moment {
  std::string start;  // names the run; no hyphen in it
  std::chrono::milliseconds time{0};

  std::string text() const;
  static run::Result<Moment> parse(std::string_view text);
  friend bool operator==(const Moment&, const Moment&) = default;
};
Element clockRequest();
Element clockResult(const Moment& now);
run::Result<Moment> readClock(const Element& result);

// What makes a request that changes something harmless when it comes twice or late. All of it may be absent.
struct Once {
  std::string id;
  std::optional<Moment> expires;
  std::vector<std::string> answered;

  void write(Element& request) const;
  static run::Result<Once> read(const Element& request);
};

struct Call {
  std::string service, method;
  std::string arguments;                       // the text of a JSON array
  std::chrono::milliseconds time = usualTime;  // how long the service may take
};
Element callRequest(const Call& call);
Element postRequest(const Call& call);
run::Result<Call> readCall(const Element& request);  // of both

struct Property {
  std::string service, name;
};
Element propertyRequest(const Property& property);
Element setRequest(const Property& property, const std::string& value);  // a JSON text
run::Result<Property> readProperty(const Element& request);              // of both

struct Subscription {
  std::string service, member, id;
};
Element subscribeRequest(const Subscription& subscription);
run::Result<Subscription> readSubscribe(const Element& request);
struct Subscribed {
  std::uint64_t seq = 0;  // events of this subscription so far
  bool isNew = false;     // the robot did not have it before
  bool isGone = false;    // the service is away
};
Element subscribeResult(const std::string& id, const Subscribed& subscribed);
run::Result<Subscribed> readSubscribed(const Element& result);
Element unsubscribeRequest(const std::string& id);
run::Result<std::string> readUnsubscribe(const Element& request);

struct Event {
  enum class Kind { value, gone, back, ended };  // gone, back: the service; ended: the subscription, by the robot
  std::string id;                                // of the subscription
  std::uint64_t seq = 0;
  Kind kind = Kind::value;
  qi::Value arguments;  // a Tuple, of `value` only
  run::Error why = {};  // of `ended` only
};
// The whole message.
Element eventMessage(const std::string& to, const Event& event);
// Of the message's child.
run::Result<Event> readEvent(const Element& event);

// Of a call or a property: `name` is the request's.
Element valueResult(std::string_view name, const qi::Value& value);
run::Result<qi::Value> readValue(const Element& result);

// The attribute "service" of a request.
run::Result<std::string> readService(const Element& request);

}  // namespace beckon::xmpp::rpc
