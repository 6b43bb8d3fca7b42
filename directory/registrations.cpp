#include "directory/registrations.hpp"

#include <algorithm>
#include <utility>

namespace beckon::directory {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;

namespace {

// A directory holds no call back.
constexpr localbus::Duration answerTime = std::chrono::seconds(5);

qi::Value only(const qi::Value& argument) { return qi::Tuple{{argument}, {}}; }

}  // namespace

bool Registrations::add(const std::string& name, std::shared_ptr<localbus::BoundObject> object) {
  return services_.try_emplace(name, Service{std::move(object), ++added_, {}}).second;
}

void Registrations::remove(const std::string& name) {
  const auto found = services_.extract(name);
  if (found.empty()) return;
  for (const auto id : found.mapped().ids) host_.remove(id);
}

std::optional<std::uint32_t> Registrations::id(const std::string& name) const {
  const auto found = services_.find(name);
  if (found == services_.end() || found->second.ids.empty()) return {};
  return found->second.ids.back();
}

std::optional<std::string> Registrations::nameOf(std::uint32_t id) const {
  for (const auto& [name, service] : services_)
    if (std::ranges::find(service.ids, id) != service.ids.end()) return name;
  return {};
}

std::vector<std::string> Registrations::missing() const {
  std::map<std::uint64_t, std::string> byOrder;
  for (const auto& [name, service] : services_)
    if (!service.isRegistered && !service.isRegistering) byOrder.emplace(service.order, name);
  std::vector<std::string> names;
  for (auto& [order, name] : byOrder) names.push_back(std::move(name));
  return names;
}

awaitable<Result<std::uint32_t>> Registrations::announce(std::shared_ptr<localbus::RemoteObject> directory,
                                                         std::string name, ServiceInfo info) {
  const auto generation = directories_;
  const Error ended{Code::serviceGone, "the service " + name + " was withdrawn", {}};
  const auto wanted = services_.find(name);
  if (wanted == services_.end()) co_return ended;
  if (std::exchange(wanted->second.isRegistering, true))
    co_return Error{Code::nameTaken, "the service " + name + " is being registered", {}};
  const auto object = wanted->second.object;
  info.name = name;
  info.objectUid.assign(object->uid().begin(), object->uid().end());
  if (directory->connection()->capabilities().shared(qi::capability::beckonNumbers))
    info.serviceId = expect(name, object);
  const auto answer = co_await directory->call("registerService", only(qi::toValue(info)), answerTime);
  const auto id = answer ? qi::fromValue<std::uint32_t>(*answer) : Result<std::uint32_t>(answer.error());
  const bool isReady = info.serviceId != 0 && id && *id == info.serviceId;
  // What we were told of already is no longer expected: added() took it.
  const bool isTaken = info.serviceId != 0 && expected_.erase(info.serviceId) == 0;
  const auto found = services_.find(name);
  const bool isWanted = found != services_.end() && found->second.object == object && generation == directories_;
  // Unless another service of ours got that number meanwhile.
  if (info.serviceId != 0 && !(isReady && isWanted) && host_.hosted(info.serviceId, qi::mainObject) == object.get())
    host_.remove(info.serviceId);
  if (isWanted && !id) found->second.isRegistering = false;
  if (!id) {
    if (id.error().cause.find("already registered") != std::string::npos)
      co_return Error{Code::nameTaken, "a service \"" + name + "\" is registered already",
                      "choose another name, or stop the program that has it"};
    co_return id.error();
  }
  if (isWanted) {
    if (!isTaken) took(found->second, *id);
    if (isReady) {
      found->second.isRegistering = false;
      found->second.isRegistered = true;
      co_return *id;
    }
    const auto ready = co_await directory->call("serviceReady", only(qi::toValue(*id)), answerTime);
    const auto still = services_.find(name);
    if (still != services_.end() && still->second.object == object && generation == directories_) {
      still->second.isRegistering = false;
      still->second.isRegistered = ready.has_value();
      if (ready) co_return *id;
    }
    if (!ready && ready.error().code == Code::connectionLost) co_return ready.error();
  }
  // Nobody wants it any more, or it cannot be made ready.
  co_await directory->call("unregisterService", only(qi::toValue(*id)), answerTime);
  co_return ended;
}

// The next number, if nobody else registers meanwhile. Not one of our own from before a directory began anew.
std::uint32_t Registrations::expect(const std::string& name, const std::shared_ptr<localbus::BoundObject>& object) {
  if (lastGiven_ == 0) return 0;
  const auto next = (expected_.empty() ? lastGiven_ : std::max(lastGiven_, expected_.rbegin()->first)) + 1;
  if (next == 0 || host_.hosted(next, qi::mainObject)) return 0;
  expected_.emplace(next, name);
  host_.add(next, qi::mainObject, object);
  return next;
}

void Registrations::added(std::uint32_t id, const std::string& name) {
  lastGiven_ = std::max(lastGiven_, id);
  const auto expected = expected_.find(id);
  if (expected == expected_.end() || expected->second != name) return;
  const auto service = services_.find(name);
  const auto* const hosted = host_.hosted(id, qi::mainObject);
  if (service != services_.end() && hosted == service->second.object.get()) took(service->second, id);
  expected_.erase(expected);
}

void Registrations::took(Service& service, std::uint32_t id) {
  // Numbers only go up: where one repeats, it is the first of that directory.
  if (id <= highestEarlier_) {
    hasRepeated_ = true;
    highestEarlier_ = 0;
    for (auto& [name, other] : services_)
      for (const auto earlier : std::exchange(other.ids, {})) host_.remove(earlier);
  }
  highest_ = std::max(highest_, id);
  lastGiven_ = std::max(lastGiven_, id);
  service.ids.push_back(id);
  if (service.ids.size() > mostEarlier) {
    host_.remove(service.ids.front());
    service.ids.erase(service.ids.begin());
  }
  host_.add(id, qi::mainObject, service.object);
}

void Registrations::lost() {
  ++directories_;
  highestEarlier_ = std::max(highest_, highestEarlier_);
  highest_ = lastGiven_ = 0;
  for (auto& [name, service] : services_) service.isRegistered = service.isRegistering = false;
}

bool Registrations::takeRepetition() { return std::exchange(hasRepeated_, false); }

}  // namespace beckon::directory
