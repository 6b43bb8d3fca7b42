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

// The whole of `text` as a number.
template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

Result<std::uint64_t> readSeq(const Element& element) {
  const auto seq = number<std::uint64_t>(element.attribute("seq"));
  if (!seq) return Error{Code::protocolError, "<" + element.name + "/> has no readable seq", {}};
  return *seq;
}

Result<std::string> readId(const Element& element) {
  auto id = required(element, "id");
  if (id && id->size() > longestId)
    return Error{Code::badArguments, "an id of " + std::to_string(id->size()) + " bytes",
                 "choose one of at most " + std::to_string(longestId)};
  return id;
}

Element callOf(std::string_view name, const Call& call) {
  Element out = make(name).set("service", call.service).set("method", call.method);
  out.text = call.arguments;
  return out;
}

// A value and how to read it.
void put(Element& out, const qi::Value& value) {
  out.set("signature", value.signature().text());
  out.text = qi::toJsonText(value);
}

// No exchange lasts longer; a clock that is further ahead is another one.
constexpr std::int64_t longestClock = std::int64_t{1} << 52;

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
    const auto uid = number<std::uint32_t>(child.attribute("uid"));
    if (!uid) return Error{Code::protocolError, "a member of the service has no readable uid", {}};
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

std::string Moment::text() const { return start + "-" + std::to_string(time.count()); }

Result<Moment> Moment::parse(std::string_view text) {
  const auto hyphen = text.find('-');
  const auto time = hyphen == std::string_view::npos ? std::nullopt : number<std::int64_t>(text.substr(hyphen + 1));
  if (!time || *time < 0 || *time > longestClock || hyphen == 0 || hyphen > longestId)
    return Error{Code::badArguments,
                 "\"" + std::string(text.substr(0, longestId)) + "\" is not a time of a robot's clock",
                 "ask the robot for <clock/> and add milliseconds to what it says"};
  return Moment{std::string(text.substr(0, hyphen)), std::chrono::milliseconds(*time)};
}

Element clockRequest() { return make(clock); }

Element clockResult(const Moment& now) { return make(clock).set("now", now.text()); }

Result<Moment> readClock(const Element& result) { return Moment::parse(result.attribute("now")); }

void Once::write(Element& request) const {
  if (!id.empty()) request.set("id", id);
  if (expires) request.set("expires", expires->text());
  std::string ids;
  for (const auto& each : answered) ids += (ids.empty() ? "" : " ") + each;
  if (!ids.empty()) request.set("answered", ids);
}

Result<Once> Once::read(const Element& request) {
  Once out;
  if (request.attributes.contains("id")) {
    auto id = readId(request);
    if (!id) return id.error();
    out.id = std::move(*id);
  }
  if (const auto text = request.attribute("expires"); !text.empty()) {
    auto moment = Moment::parse(text);
    if (!moment) return moment.error();
    out.expires = std::move(*moment);
  }
  for (auto rest = request.attribute("answered"); !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (end > 0) out.answered.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

Element callRequest(const Call& request) {
  Element out = callOf(call, request);
  if (request.time != usualTime) out.set("time", std::to_string(request.time.count()));
  return out;
}

Element postRequest(const Call& request) { return callOf(post, request); }

Result<Call> readCall(const Element& request) {
  const auto service = required(request, "service");
  if (!service) return service.error();
  const auto method = required(request, "method");
  if (!method) return method.error();
  auto time = usualTime;
  if (const auto text = request.attribute("time"); !text.empty()) {
    const auto given = number<std::int64_t>(text);
    if (!given || *given <= 0)
      return Error{Code::badArguments, "\"" + std::string(text) + "\" is not a number of milliseconds",
                   "give time='10000', or leave it out"};
    time = std::min(std::chrono::milliseconds(*given), longestTime);
  }
  return Call{*service, *method, request.text.empty() ? "[]" : request.text, time};
}

Element propertyRequest(const Property& request) {
  return make(property).set("service", request.service).set("name", request.name);
}

Element setRequest(const Property& request, const std::string& value) {
  Element out = propertyRequest(request);
  out.text = value;
  return out;
}

Result<Property> readProperty(const Element& request) {
  const auto service = required(request, "service");
  if (!service) return service.error();
  const auto name = required(request, "name");
  if (!name) return name.error();
  return Property{*service, *name};
}

Element subscribeRequest(const Subscription& request) {
  return make(subscribe).set("service", request.service).set("member", request.member).set("id", request.id);
}

Result<Subscription> readSubscribe(const Element& request) {
  const auto service = required(request, "service");
  if (!service) return service.error();
  const auto member = required(request, "member");
  if (!member) return member.error();
  const auto id = readId(request);
  if (!id) return id.error();
  return Subscription{*service, *member, *id};
}

Element subscribeResult(const std::string& id, const Subscribed& subscribed) {
  Element out = make(subscribe).set("id", id).set("seq", std::to_string(subscribed.seq));
  if (subscribed.isNew) out.set("new", "true");
  if (subscribed.isGone) out.set("state", "gone");
  return out;
}

Result<Subscribed> readSubscribed(const Element& result) {
  const auto seq = readSeq(result);
  if (!seq) return seq.error();
  return Subscribed{*seq, result.attribute("new") == "true", result.attribute("state") == "gone"};
}

Element unsubscribeRequest(const std::string& id) { return make(unsubscribe).set("id", id); }

Result<std::string> readUnsubscribe(const Element& request) { return readId(request); }

Element eventMessage(const std::string& to, const Event& happened) {
  Element out = make(event).set("id", happened.id).set("seq", std::to_string(happened.seq));
  switch (happened.kind) {
    case Event::Kind::value:
      put(out, happened.arguments);
      break;
    case Event::Kind::gone:
      out.set("state", "gone");
      break;
    case Event::Kind::back:
      out.set("state", "back");
      break;
    case Event::Kind::ended:
      out.set("state", "ended").set("code", run::codeText(happened.why.code)).set("next-step", happened.why.nextStep);
      out.text = happened.why.cause;
      break;
  }
  // Neither kept for somebody who is away (RFC 6121 section 8.5.3.2.1 on headlines) nor put in an archive (XEP-0334).
  return Element("message", std::string(ns::client))
      .set("type", "headline")
      .set("to", to)
      .add(std::move(out))
      .add(Element("no-store", "urn:xmpp:hints"));
}

Result<Event> readEvent(const Element& element) {
  Event out;
  const auto id = readId(element);
  if (!id) return id.error();
  const auto seq = readSeq(element);
  if (!seq) return seq.error();
  out.id = *id;
  out.seq = *seq;
  if (const auto state = element.attribute("state"); !state.empty()) {
    if (state == "ended") {
      out.kind = Event::Kind::ended;
      out.why = {run::codeFromText(element.attribute("code")), element.text,
                 std::string(element.attribute("next-step"))};
      return out;
    }
    if (state != "gone" && state != "back")
      return Error{Code::protocolError, "an event of an unknown state \"" + std::string(state) + "\"", {}};
    out.kind = state == "gone" ? Event::Kind::gone : Event::Kind::back;
    return out;
  }
  auto value = readValue(element);
  if (!value) return value.error();
  out.arguments = std::move(*value);
  return out;
}

Element valueResult(std::string_view name, const qi::Value& value) {
  Element out = make(name);
  put(out, value);
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
