#include "apps/cli/lan_robots.hpp"

#include "apps/cli/known_robots.hpp"
#include "core/dnssd/browser.hpp"
#include "core/qi/utf8.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_key.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>

namespace beckon::cli {

using dnssd::FoundRobot;
using nlohmann::json;
using run::Code;
using run::Error;
using run::Result;

namespace {

std::vector<std::string> urls(const FoundRobot& robot) {
  std::vector<std::string> out;
  for (const auto& address : robot.addresses)
    out.push_back(localbus::Endpoint{address, robot.port, localbus::Endpoint::Scheme::tcps, {}}.url());
  return out;
}

std::string nameOf(const Command& command) { return command.robot.substr(0, command.robot.size() - lanSuffix.size()); }

// "known", "new", or that another key is known under that name.
const char* standing(const KnownRobots& known, const FoundRobot& robot) {
  const auto key = known.key(robot.name);
  return !key ? "new" : *key == robot.text.key ? "known" : "another key is known";
}

Error unknownKey(const std::string& robot, const std::vector<FoundRobot>& found,
                 const std::optional<std::string>& key) {
  std::string shown;
  for (const auto& each : found) shown += (shown.empty() ? "" : ", and ") + each.text.key + " at " + urls(each).front();
  const auto once = found.size() == 1 ? found.front().text.key : std::string("SHA256:HEX");
  if (key)
    return {Code::badCertificate, robot + " has not the key that is known here (" + *key + ") but " + shown,
            "somebody may pretend to be it. If its state was made anew, compare with what beckond printed there (lan "
            "URL SHA256:HEX), and give --pin " +
                once + " once"};
  return {Code::badCertificate, robot + " shows a key that is not known here: " + shown,
          "compare it with what beckond printed on the robot (lan URL SHA256:HEX); if it is the same, give --pin " +
              once + " once: it is kept"};
}

}  // namespace

boost::asio::awaitable<Result<>> listLanRobots(const Command& command) {
  const auto known = KnownRobots::open(KnownRobots::usualFile());
  if (!known) co_return known.error();
  auto looking = dnssd::findRobots();
  auto found = co_await std::move(looking);
  if (!found) co_return found.error();
  std::ranges::sort(*found, {}, [](const FoundRobot& robot) { return std::pair(robot.name, robot.text.key); });
  json list = json::array();
  for (const auto& robot : *found) {
    const auto name = qi::printable(robot.name) + std::string(lanSuffix);
    if (command.json)
      list.push_back({{"name", name},
                      {"endpoints", urls(robot)},
                      {"machineId", robot.text.machineId},
                      {"key", robot.text.key},
                      {"standing", standing(*known, robot)}});
    else
      std::cout << name << "  " << urls(robot).front() << "  " << robot.text.key << "  " << standing(*known, robot)
                << "\n";
  }
  if (command.json) std::cout << list.dump(2) << "\n";
  if (!command.json && found->empty()) std::cerr << "no robot answers in this network" << std::endl;
  std::cout << std::flush;
  co_return Result<>();
}

boost::asio::awaitable<Result<Command>> reachLanRobot(Command command) {
  const auto known = KnownRobots::open(KnownRobots::usualFile());
  if (!known) co_return known.error();
  const auto name = nameOf(command);
  auto key = known->key(name);
  if (!command.tls.pin.empty()) {
    const auto given = localbus::readFingerprint(command.tls.pin);
    if (!given) co_return Error{Code::invalidConfig, "--pin: " + given.error().cause, given.error().nextStep};
    key = "SHA256:" + *given;
  }
  // Whoever has the key is the robot, whatever it is called now.
  const auto isIt = [key](const FoundRobot& robot) { return robot.text.key == key; };
  auto looking = dnssd::findRobots(isIt);
  auto found = co_await std::move(looking);
  if (!found) co_return found.error();
  if (const auto it = std::ranges::find_if(*found, isIt); it != found->end()) {
    command.bus = urls(*it).front();
    command.tls.pin = it->text.key;
    co_return command;
  }
  std::erase_if(*found, [&](const FoundRobot& robot) { return robot.name != name; });
  if (!found->empty()) co_return unknownKey(qi::printable(command.robot), *found, key);
  co_return Error{
      Code::unknownRobot, "no robot in this network says that it is " + qi::printable(command.robot),
      "see beckon robots --lan, and that both are in one network; where announcements do not pass, give its "
      "address with --bus tcps://HOST:9503"};
}

Result<> rememberLanRobot(const Command& given) {
  if (given.tls.pin.empty()) return {};
  auto known = KnownRobots::open(KnownRobots::usualFile());
  if (!known) return known.error();
  const auto key = localbus::readFingerprint(given.tls.pin);
  return key ? known->remember(nameOf(given), "SHA256:" + *key) : Result<>();
}

}  // namespace beckon::cli
