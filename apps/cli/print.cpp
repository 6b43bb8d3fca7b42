#include "apps/cli/print.hpp"

#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iomanip>
#include <iostream>

namespace beckon::cli {
namespace {

using nlohmann::json;

// Names that come from elsewhere may hold anything; JSON takes only UTF-8, a terminal nothing that steers it.
std::string shown(const std::string& text) { return qi::printable(text); }

std::string shortly(std::optional<std::chrono::milliseconds> time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.value_or(std::chrono::seconds(0)));
  if (seconds < std::chrono::minutes(2)) return std::to_string(seconds.count()) + " s";
  if (seconds < std::chrono::hours(2)) return std::to_string(seconds.count() / 60) + " min";
  return std::to_string(seconds.count() / 3600) + " h";
}

const char* stateText(remote::Robot::State state) {
  switch (state) {
    case remote::Robot::State::online:
      return "online";
    case remote::Robot::State::suspect:
      return "suspect";
    case remote::Robot::State::offline:
      return "offline";
    case remote::Robot::State::unknown:
      break;
  }
  return "unknown";
}

// What is behind the state, and how old it is; empty where nothing is.
std::string evidence(const remote::Robot& robot) {
  const auto heard = robot.silence ? "heard " + shortly(robot.silence) + " ago" : std::string();
  const auto who = "  id " + shown(robot.id) + "  key " + shown(robot.fingerprint.substr(0, 16));
  const auto condition = robot.condition.text();
  const auto& policy = robot.condition.policy;
  switch (robot.state()) {
    case remote::Robot::State::online:
      return "as of " + shortly(robot.age) + " ago" + (heard.empty() ? "" : ", " + heard) + who +
             (condition.empty() ? "" : "  " + condition) + (policy.empty() ? "" : "  policy " + policy);
    case remote::Robot::State::suspect:
      return "last " + heard + ", though its server still shows it" + who;
    case remote::Robot::State::offline:
      if (robot.isAwaited) return "it was enrolled and has not logged in yet";
      return "as of " + shortly(robot.age) + " ago" + (heard.empty() ? "" : ", last " + heard);
    case remote::Robot::State::unknown:
      break;
  }
  return heard.empty() ? "" : "last " + heard;
}

template <class Members, class Describe>
json visible(const Members& members, Describe describe) {
  json out = json::array();
  for (const auto& [uid, member] : members)
    if (!qi::isHidden(uid, member.name)) out.push_back(describe(member));
  return out;
}

const char* kindText(Passed::Kind kind) {
  switch (kind) {
    case Passed::Kind::call:
      return "call";
    case Passed::Kind::answer:
      return "answer";
    case Passed::Kind::error:
      return "error";
    default:
      return "event";
  }
}

double seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

std::string timeOfDay(std::chrono::microseconds time) {
  const std::time_t whole = time.count() / 1'000'000;
  std::tm local{};
  ::localtime_r(&whole, &local);
  char text[32];
  const auto size = std::strftime(text, sizeof(text), "%H:%M:%S", &local);
  std::snprintf(text + size, sizeof(text) - size, ".%06d", static_cast<int>(time.count() % 1'000'000));
  return text;
}

std::string fixed(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, number);
  return text;
}

constexpr std::size_t longestContent = 200;  // bytes of a line of a trace for people

json asJsonValue(const std::string& service, const Load& load, double measured) {
  const auto rate = [&](std::uint64_t number) { return static_cast<double>(number) / measured; };
  const auto mean = load.timed ? json(seconds(load.wall) / static_cast<double>(load.timed)) : json();
  return {{"service", shown(service)},
          {"calls", load.calls},
          {"callsPerSecond", rate(load.calls)},
          {"answers", load.answers},
          {"errors", load.errors},
          {"events", load.events},
          {"missed", load.missed},
          {"time", {{"mean", mean}, {"max", load.timed ? json(seconds(load.longest)) : json()}}},
          {"user", seconds(load.user)},
          {"system", seconds(load.system)},
          {"bytes", {{"arguments", load.argumentBytes}, {"results", load.resultBytes}, {"events", load.eventBytes}}},
          {"bytesPerSecond", rate(load.argumentBytes + load.resultBytes + load.eventBytes)},
          {"bytesAreWhole", load.isWhole}};
}

}  // namespace

void print(const remote::Remote::Listing& listing, bool asJson) {
  const auto& robots = listing.robots;
  json list = json::array();
  std::size_t width = 0, unknown = 0;
  for (const auto& robot : robots) width = std::max(width, robot.account.size());
  for (const auto& robot : robots) {
    if (!robot.age && !robot.isAwaited) ++unknown;
    if (asJson) {
      json line{{"account", robot.account},
                {"state", stateText(robot.state())},
                {"online", robot.state() == remote::Robot::State::online},
                {"address", shown(robot.address)},
                {"id", shown(robot.id)},
                {"key", shown(robot.fingerprint)}};
      if (robot.problem) line["problem"] = robot.problem->cause;
      const auto seconds = [](std::optional<std::chrono::milliseconds> time) {
        return time ? json(static_cast<double>(time->count()) / 1000) : json();
      };
      const auto known = [](const auto& value) { return value ? json(*value) : json(); };
      const auto& condition = robot.condition;
      line["battery"] = known(condition.battery);
      line["charging"] = known(condition.isCharging);
      line["busy"] = known(condition.isBusy);
      line["policy"] = condition.policy.empty() ? json() : json(condition.policy);
      line["age"] = seconds(robot.age);
      line["heard"] = seconds(robot.silence);
      list.push_back(std::move(line));
      continue;
    }
    std::cout << std::left << std::setw(static_cast<int>(width)) << robot.account;
    if (robot.problem)
      std::cout << "  refused  " << shown(robot.problem->cause) << "; next: " << robot.problem->nextStep << "\n";
    else if (const auto why = evidence(robot); why.empty())
      std::cout << "  " << stateText(robot.state()) << "\n";
    else
      std::cout << "  " << std::setw(7) << stateText(robot.state()) << "  " << why << "\n";
  }
  if (asJson)
    std::cout << json{{"complete", listing.isComplete}, {"robots", list}}.dump(2) << "\n";
  else if (listing.isComplete)
    std::cout << "complete\n";
  else if (listing.isFleetUnknown)
    std::cout << "incomplete: the relay has not told who belongs to the fleet; see that it runs\n";
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
    std::cout << qi::printable(qi::withoutTypes(qi::toJson(value)).dump()) << "\n";
}

void printOf(const std::string& robot, const run::Result<qi::Value>& result, bool asJson) {
  if (asJson) {
    json line{{"robot", robot}};
    if (result)
      line.update({{"signature", result->signature().text()}, {"value", qi::toJson(*result)}});
    else
      line["error"] = {{"code", run::codeText(result.error().code)},
                       {"cause", shown(result.error().cause)},
                       {"next", shown(result.error().nextStep)}};
    std::cout << line.dump() << std::endl;
  } else if (result) {
    const bool isVoid = result->as<qi::Void>() != nullptr;
    std::cout << robot << "  " << (isVoid ? "done" : qi::printable(qi::withoutTypes(qi::toJson(*result)).dump()))
              << std::endl;
  } else {
    std::cerr << robot << "  error (" << run::codeText(result.error().code) << "): " << shown(result.error().cause)
              << "; next: " << shown(result.error().nextStep) << std::endl;
  }
}

void printPath(const std::string& service, const std::string& path) {
  std::cerr << shown(service) << " is reached by " << shown(path) << std::endl;
}

void printEvent(const std::string& member, const qi::Value& arguments, bool asJson) {
  if (asJson)
    std::cout << json{{"event", member}, {"arguments", qi::toJson(arguments)}}.dump() << std::endl;
  else
    std::cout << member << " " << qi::printable(qi::withoutTypes(qi::toJson(arguments)).dump()) << std::endl;
}

void printMissed(const std::string& member, std::optional<std::uint64_t> count, bool asJson) {
  if (asJson)
    std::cout << json{{"event", member}, {"missed", count ? json(*count) : json()}}.dump() << std::endl;
  else
    std::cout << member << " missed " << (count ? std::to_string(*count) : "an unknown number of") << " events"
              << std::endl;
}

void print(const std::string& service, const Passed& passed, bool asJson) {
  const bool isEnd = passed.kind == Passed::Kind::answer || passed.kind == Passed::Kind::error;
  const auto content = qi::toJson(passed.content);
  if (asJson) {
    json line{{"time", seconds(passed.time)},  {"service", shown(service)}, {"member", shown(passed.member)},
              {"kind", kindText(passed.kind)}, {"id", passed.id},           {"bytes", passed.bytes},
              {"whole", passed.isWhole}};
    line[isEnd ? kindText(passed.kind) : "arguments"] = content;
    if (isEnd) line["duration"] = passed.duration ? json(seconds(*passed.duration)) : json();
    if (passed.kind != Passed::Kind::event) line["caller"] = passed.caller;
    std::cout << line.dump() << std::endl;
    return;
  }
  const auto text = qi::withoutTypes(content).dump();
  std::cout << timeOfDay(passed.time) << " " << shown(service + "." + passed.member) << " #" << passed.id << " "
            << kindText(passed.kind) << " " << qi::printable(text, longestContent);
  if (text.size() > longestContent) std::cout << " (" << passed.bytes << " bytes)";
  if (passed.duration) std::cout << " after " << fixed(seconds(*passed.duration) * 1e3, 3) << " ms";
  if (passed.kind == Passed::Kind::call) std::cout << " from " << passed.caller;
  std::cout << std::endl;
}

void print(const std::map<std::string, Load>& loads, std::chrono::duration<double> measured, bool asJson) {
  if (asJson) {
    json list = json::array();
    for (const auto& [service, load] : loads) list.push_back(asJsonValue(service, load, measured.count()));
    std::cout << json{{"seconds", measured.count()}, {"services", list}}.dump(2) << std::endl;
    return;
  }
  std::vector<std::vector<std::string>> rows{{"service", "calls", "calls/s", "errors", "mean ms", "max ms", "user ms",
                                              "system ms", "events", "in B/s", "out B/s", "events B/s"}};
  std::size_t silent = 0;
  std::uint64_t missed = 0;
  bool isWhole = true;
  for (const auto& [service, load] : loads) {
    missed += load.missed;
    isWhole = isWhole && load.isWhole;
    if (!load.calls && !load.answers && !load.errors && !load.events) {
      ++silent;
      continue;
    }
    const auto milliseconds = [](std::chrono::microseconds time) { return fixed(seconds(time) * 1e3, 3); };
    const auto rate = [&measured, isLeast = !load.isWhole](std::uint64_t bytes) {
      return (isLeast ? ">" : "") + fixed(static_cast<double>(bytes) / measured.count(), 0);
    };
    rows.push_back({shown(service), std::to_string(load.calls),
                    fixed(static_cast<double>(load.calls) / measured.count(), 1), std::to_string(load.errors),
                    load.timed ? fixed(seconds(load.wall) * 1e3 / static_cast<double>(load.timed), 3) : "-",
                    load.timed ? milliseconds(load.longest) : "-", milliseconds(load.user), milliseconds(load.system),
                    std::to_string(load.events), rate(load.argumentBytes), rate(load.resultBytes),
                    rate(load.eventBytes)});
  }
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    std::cout << std::left << std::setw(static_cast<int>(widths[0])) << row[0] << std::right;
    for (std::size_t i = 1; i < row.size(); ++i) std::cout << "  " << std::setw(static_cast<int>(widths[i])) << row[i];
    std::cout << "\n";
  }
  std::cout << "measured for " << fixed(measured.count(), 1) << " s";
  if (silent) std::cout << "; nothing passed through " << silent << (silent == 1 ? " service" : " services");
  std::cout << "\n";
  if (missed) std::cout << missed << " calls and events more were missed: too many to read\n";
  if (!isWhole) std::cout << ">: without raw data and objects, which a trace does not show\n";
  std::cout << std::flush;
}

void printChange(bool isThere, std::uint32_t id, const std::string& name, bool asJson) {
  if (asJson)
    std::cout << json{{"event", isThere ? "added" : "removed"}, {"id", id}, {"name", shown(name)}}.dump() << std::endl;
  else
    std::cout << (isThere ? "+ " : "- ") << shown(name) << "  #" << id << std::endl;
}

}  // namespace beckon::cli
