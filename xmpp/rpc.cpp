#include "xmpp/rpc.hpp"

#include "core/qi/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace beckon::xmpp::rpc {

using run::Code;
using run::Error;
using run::Result;

namespace {

Element make(std::string_view name) { return Element(std::string(name), std::string(ns)); }

Result<std::string> required(const Element& element, std::string_view attribute) {
  const auto value = element.attribute(attribute);
  if (value.empty())
    return Error{Code::protocolError, "<" + element.name + "/> has no attribute \"" + std::string(attribute) + "\"",
                 "see docs/protocol/rpc.md for what each request must have"};
  return std::string(value);
}

// Whether `child` is of this protocol: what else stands in a result is for newer versions and left alone.
bool isPart(const Element& child, std::string_view name) {
  return child.name == name && (child.xmlns.empty() || child.xmlns == ns);
}

Result<std::uint32_t> readUid(const Element& member) {
  const auto text = member.attribute("uid");
  std::uint32_t uid = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (problem != std::errc() || end != text.data() + text.size())
    return Error{Code::protocolError, "a member of the service has no readable uid", {}};
  return uid;
}

}  // namespace

Result<std::string> readService(const Element& request) { return required(request, "service"); }

Element servicesRequest() { return make(services); }

Element servicesResult(const std::vector<std::string>& names) {
  Element out = make(services);
  for (const auto& name : names) out.add(make("service").set("name", name));
  return out;
}

Result<std::vector<std::string>> readServices(const Element& result) {
  std::vector<std::string> names;
  for (const auto& child : result.children)
    if (isPart(child, "service")) names.emplace_back(child.attribute("name"));
  return names;
}

Element infoRequest(const std::string& service) { return make(info).set("service", service); }

Element infoResult(const std::string& service, const qi::MetaObject& metaObject) {
  Element out = make(info).set("service", service);
  for (const auto& [uid, method] : metaObject.methods) {
    if (qi::isHidden(uid, method.name)) continue;
    out.add(make("method")
                .set("uid", std::to_string(uid))
                .set("name", method.name)
                .set("parameters", method.parametersSignature)
                .set("returns", method.returnSignature));
    if (!method.description.empty()) out.children.back().text = method.description;
  }
  for (const auto& [uid, signal] : metaObject.signals)
    if (!qi::isHidden(uid, signal.name))
      out.add(
          make("signal").set("uid", std::to_string(uid)).set("name", signal.name).set("signature", signal.signature));
  for (const auto& [uid, member] : metaObject.properties)
    if (!qi::isHidden(uid, member.name))
      out.add(
          make(property).set("uid", std::to_string(uid)).set("name", member.name).set("signature", member.signature));
  return out;
}

Result<qi::MetaObject> readInfo(const Element& result) {
  qi::MetaObject out;
  for (const auto& child : result.children) {
    const bool isMethod = isPart(child, "method"), isSignal = isPart(child, "signal");
    if (!isMethod && !isSignal && !isPart(child, property)) continue;
    const auto uid = readUid(child);
    if (!uid) return uid.error();
    const std::string name(child.attribute("name"));
    const std::string signature(child.attribute("signature"));
    if (isMethod)
      out.methods[*uid] = {*uid,       std::string(child.attribute("returns")),
                           name,       std::string(child.attribute("parameters")),
                           child.text, {},
                           {}};
    else if (isSignal)
      out.signals[*uid] = {*uid, name, signature};
    else
      out.properties[*uid] = {*uid, name, signature};
  }
  return out;
}

Element callRequest(const Call& request) {
  Element out = make(call)
                    .set("service", request.service)
                    .set("method", request.method)
                    .set("time", std::to_string(request.time.count()));
  out.text = request.arguments;
  return out;
}

Result<Call> readCall(const Element& request) {
  const auto service = required(request, "service");
  if (!service) return service.error();
  const auto method = required(request, "method");
  if (!method) return method.error();
  std::int64_t time = usualTime.count();
  if (const auto text = request.attribute("time"); !text.empty()) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), time);
    if (problem != std::errc() || end != text.data() + text.size() || time <= 0)
      return Error{Code::badArguments, "\"" + std::string(text) + "\" is not a number of milliseconds",
                   "give time='10000', or leave it out"};
  }
  return Call{*service, *method, request.text.empty() ? "[]" : request.text,
              std::min(std::chrono::milliseconds(time), longestTime)};
}

Element propertyRequest(const Property& request) {
  return make(property).set("service", request.service).set("name", request.name);
}

Result<Property> readProperty(const Element& request) {
  const auto service = required(request, "service");
  if (!service) return service.error();
  const auto name = required(request, "name");
  if (!name) return name.error();
  return Property{*service, *name};
}

Element valueResult(std::string_view name, const qi::Value& value) {
  Element out = make(name).set("signature", value.signature().text());
  out.text = qi::toJsonText(value);
  return out;
}

Result<qi::Value> readValue(const Element& result) {
  const auto unreadable = [](const Error& why) {
    return Error{Code::protocolError, "the robot's answer is not readable: " + why.cause, {}};
  };
  const auto type = qi::Signature::parse(result.attribute("signature"));
  if (!type) return unreadable(type.error());
  const auto json = qi::parseJson(result.text);
  if (!json) return unreadable(json.error());
  auto value = qi::fromJson(*json, *type);
  if (!value) return unreadable(value.error());
  return value;
}

}  // namespace beckon::xmpp::rpc
