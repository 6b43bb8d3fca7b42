#pragma once

#include "core/qi/meta_object.hpp"
#include "core/qi/value.hpp"
#include "xmpp/element.hpp"

#include <chrono>
#include <string>
#include <vector>

// Calls by IQ, namespace urn:beckon:rpc:0 (docs/protocol/rpc.md): the payloads of requests and results, written
// and read. Reading fails with protocolError or, for what a caller wrote by hand, badArguments or malformedJson.
namespace beckon::xmpp::rpc {

inline constexpr std::string_view ns = "urn:beckon:rpc:0";

// Names of the payloads; a result has the name of its request.
inline constexpr std::string_view services = "services";  // get
inline constexpr std::string_view info = "info";          // get
inline constexpr std::string_view call = "call";          // set
inline constexpr std::string_view property = "property";  // get

// How long a service may take, if the caller does not say, and at most.
inline constexpr std::chrono::milliseconds usualTime{10'000};
inline constexpr std::chrono::milliseconds longestTime{60'000};

Element servicesRequest();
Element servicesResult(const std::vector<std::string>& names);
run::Result<std::vector<std::string>> readServices(const Element& result);

Element infoRequest(const std::string& service);
// Members that listings hide are left out.
Element infoResult(const std::string& service, const qi::MetaObject& metaObject);
run::Result<qi::MetaObject> readInfo(const Element& result);

struct Call {
  std::string service, method;
  std::string arguments;           // the text of a JSON array
  std::chrono::milliseconds time;  // how long the service may take
};
Element callRequest(const Call& call);
run::Result<Call> readCall(const Element& request);

struct Property {
  std::string service, name;
};
Element propertyRequest(const Property& property);
run::Result<Property> readProperty(const Element& request);

// Of a call or a property: `name` is the request's.
Element valueResult(std::string_view name, const qi::Value& value);
run::Result<qi::Value> readValue(const Element& result);

// The attribute "service" of a request.
run::Result<std::string> readService(const Element& request);

}  // namespace beckon::xmpp::rpc
