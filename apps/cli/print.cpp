#include "apps/cli/print.hpp"

#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace beckon::cli {
namespace {

using nlohmann::json;

// Names that come from elsewhere may hold anything; JSON takes only UTF-8, a terminal nothing that steers it.
std::string shown(const std::string& text) { return qi::printable(text); }

// For people: dynamics without their types.
json plain(json value) {
  if (value.is_object() && value.contains("$type"))
    return value.contains("$value") ? plain(std::move(value["$value"])) : json();
  if (value.is_structured())
    for (auto& part : value) part = plain(std::move(part));
  return value;
}

std::string age(const remote::Robot& robot) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(robot.age.value_or(std::chrono::seconds(0)));
  if (seconds < std::chrono::minutes(2)) return std::to_string(seconds.count()) + " s";
  if (seconds < std::chrono::hours(2)) return std::to_string(seconds.count() / 60) + " min";
  return std::to_string(seconds.count() / 3600) + " h";
}

template <class Members, class Describe>
json visible(const Members& members, Describe describe) {
  json out = json::array();
  for (const auto& [uid, member] : members)
    if (!qi::isHidden(uid, member.name)) out.push_back(describe(member));
  return out;
}

}  // namespace

void print(const remote::Remote::Listing& listing, bool asJson) {
  const auto& robots = listing.robots;
  json list = json::array();
  std::size_t width = 0, unknown = 0;
  for (const auto& robot : robots) width = std::max(width, robot.account.size());
  for (const auto& robot : robots) {
    if (!robot.age) ++unknown;
    if (asJson) {
      json line{{"account", robot.account},
                {"online", robot.isThere()},
                {"address", shown(robot.address)},
                {"id", shown(robot.id)},
                {"key", shown(robot.fingerprint)}};
      line["age"] = robot.age ? json(static_cast<double>(robot.age->count()) / 1000) : json();
      list.push_back(std::move(line));
      continue;
    }
    std::cout << std::left << std::setw(static_cast<int>(width)) << robot.account;
    if (robot.isThere())
      std::cout << "  online   since " << age(robot) << "  id " << shown(robot.id) << "  key "
                << shown(robot.fingerprint.substr(0, 16)) << "\n";
    else if (robot.age)
      std::cout << "  offline  as of " << age(robot) << " ago\n";
    else
      std::cout << "  unknown\n";
  }
  if (asJson)
    std::cout << json{{"complete", listing.isComplete}, {"robots", list}}.dump(2) << "\n";
  else if (listing.isComplete)
    std::cout << "complete\n";
  else
    std::cout << "incomplete: the server has not told about " << unknown << " of " << robots.size() << "\n";
}

void print(const std::vector<ListedService>& services, bool asJson) {
  json list = json::array();
  std::size_t width = 0;
  for (const auto& service : services) width = std::max(width, service.name.size());
  for (const auto& service : services) {
    if (asJson) {
      json entry{{"name", shown(service.name)}};
      if (service.id)
        entry.update({{"id", service.id}, {"processId", service.processId}, {"endpoints", service.endpoints}});
      list.push_back(entry);
      continue;
    }
    if (!service.id) {
      std::cout << shown(service.name) << "\n";
      continue;
    }
    std::cout << std::left << std::setw(static_cast<int>(width)) << shown(service.name) << "  #" << std::setw(3)
              << service.id << "  pid " << std::setw(7) << service.processId;
    for (const auto& endpoint : service.endpoints) std::cout << "  " << shown(endpoint);
    std::cout << "\n";
  }
  if (asJson) std::cout << list.dump(2) << "\n";
}

void print(const std::string& service, const qi::MetaObject& metaObject, const std::string& path, bool asJson) {
  if (asJson) {
    const json out{{"service", service},
                   {"path", shown(path)},
                   {"methods", visible(metaObject.methods,
                                       [](const auto& m) {
                                         return json{{"name", shown(m.name)},
                                                     {"parameters", shown(m.parametersSignature)},
                                                     {"returns", shown(m.returnSignature)},
                                                     {"description", shown(m.description)}};
                                       })},
                   {"signals", visible(metaObject.signals,
                                       [](const auto& s) {
                                         return json{{"name", shown(s.name)}, {"signature", shown(s.signature)}};
                                       })},
                   {"properties", visible(metaObject.properties, [](const auto& p) {
                      return json{{"name", shown(p.name)}, {"signature", shown(p.signature)}};
                    })}};
    std::cout << out.dump(2) << "\n";
    return;
  }
  std::cout << "path      " << shown(path) << "\n";
  for (const auto& [uid, method] : metaObject.methods)
    if (!qi::isHidden(uid, method.name)) {
      std::cout << "method    " << shown(method.name)
                << shown(method.parametersSignature + " -> " + method.returnSignature);
      if (!method.description.empty()) std::cout << "   " << shown(method.description);
      std::cout << "\n";
    }
  for (const auto& [uid, property] : metaObject.properties)
    if (!qi::isHidden(uid, property.name))
      std::cout << "property  " << shown(property.name) << " " << shown(property.signature) << "\n";
  for (const auto& [uid, signal] : metaObject.signals)
    if (!qi::isHidden(uid, signal.name) && !metaObject.properties.contains(uid))
      std::cout << "signal    " << shown(signal.name) << shown(signal.signature) << "\n";
}

void print(const qi::Value& value, bool asJson) {
  if (asJson)
    std::cout << json{{"signature", value.signature().text()}, {"value", qi::toJson(value)}}.dump() << "\n";
  else if (!value.as<qi::Void>())
    std::cout << qi::printable(plain(qi::toJson(value)).dump()) << "\n";
}

void printPath(const std::string& service, const std::string& path) {
  std::cerr << shown(service) << " is reached by " << shown(path) << std::endl;
}

void printEvent(const std::string& member, const qi::Value& arguments, bool asJson) {
  if (asJson)
    std::cout << json{{"event", member}, {"arguments", qi::toJson(arguments)}}.dump() << std::endl;
  else
    std::cout << member << " " << qi::printable(plain(qi::toJson(arguments)).dump()) << std::endl;
}

void printMissed(const std::string& member, std::optional<std::uint64_t> count, bool asJson) {
  if (asJson)
    std::cout << json{{"event", member}, {"missed", count ? json(*count) : json()}}.dump() << std::endl;
  else
    std::cout << member << " missed " << (count ? std::to_string(*count) : "an unknown number of") << " events"
              << std::endl;
}

void printChange(bool isThere, std::uint32_t id, const std::string& name, bool asJson) {
  if (asJson)
    std::cout << json{{"event", isThere ? "added" : "removed"}, {"id", id}, {"name", shown(name)}}.dump() << std::endl;
  else
    std::cout << (isThere ? "+ " : "- ") << shown(name) << "  #" << id << std::endl;
}

}  // namespace beckon::cli
