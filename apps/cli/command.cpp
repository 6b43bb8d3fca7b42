#include "apps/cli/command.hpp"

namespace beckon::cli {

run::Result<> readPlace(const std::string& place, Command& command) {
  const bool mayHaveMember =
      command.verb != Verb::services && command.verb != Verb::info && command.verb != Verb::stats;
  const bool needsMember = mayHaveMember && command.verb != Verb::trace;
  const bool namesRobot = command.bus.empty() && command.all.empty();
  const auto wrong = [&] {
    std::string form = namesRobot ? "ROBOT" : "", example = namesRobot ? "nao1" : "";
    if (command.verb != Verb::services) {
      const std::string slash = form.empty() ? "" : "/";
      form += slash + "SERVICE" + (needsMember ? ".MEMBER" : mayHaveMember ? "[.MEMBER]" : "");
      example += slash + "ALTextToSpeech" + (mayHaveMember ? ".say" : "");
    }
    return run::Error{run::Code::invalidArgument, "\"" + place + "\" is not of the form " + form,
                      "write for example " + example};
  };
  std::string rest = place;
  if (namesRobot) {
    const auto slash = rest.find('/');
    if (command.verb == Verb::services) {
      command.robot = rest;
      return slash == std::string::npos && !rest.empty() ? run::Result<>() : wrong();
    }
    if (slash == std::string::npos || slash == 0) return wrong();
    command.robot = rest.substr(0, slash);
    rest.erase(0, slash + 1);
  }
  // A full name, "say::(s)", may hold dots behind the colons.
  const auto dot = rest.rfind('.', rest.find("::"));
  if (mayHaveMember && (needsMember || dot != std::string::npos)) {
    if (dot == std::string::npos || dot == 0 || dot + 1 == rest.size()) return wrong();
    command.member = rest.substr(dot + 1);
    rest.erase(dot);
  }
  command.service = rest;
  return rest.empty() || rest.find('/') != std::string::npos ? wrong() : run::Result<>();
}

namespace {

// ROBOT, which a bus has none of, and NAME.
run::Result<> completeControl(const std::string& place, Command& command) {
  auto words = command.arguments;
  if (!place.empty()) words.insert(words.begin(), place);
  if (command.bus.empty()) {
    if (words.empty())
      return run::Error{run::Code::invalidArgument, "control needs a robot", "write for example beckon control nao1"};
    command.robot = words[0];
    words.erase(words.begin());
  }
  if (!words.empty()) {
    command.lease = words[0];
    words.erase(words.begin());
  }
  const bool isForSomething = command.lease.empty() ? !command.holds && command.program.empty() && !command.asks
                                                    : command.holds == command.program.empty();
  if (words.empty() && isForSomething) return {};
  return run::Error{run::Code::invalidArgument, "control lists leases, or takes one for a command or to hold it",
                    "write beckon control nao1 NAME -- COMMAND, or beckon control nao1 NAME --hold"};
}

}  // namespace

run::Result<> complete(const std::string& place, Command& command) {
  using run::Code;
  const auto tooMany = [](const std::string& word) {
    return run::Error{Code::invalidArgument, "\"" + word + "\" is one word too many", "see beckon --help"};
  };
  const run::Error userAlone{Code::invalidArgument, "--user is given without --token-file",
                             "write the user's token into a file of mode 0600 and give that"};
  const bool onBus = !command.bus.empty();
  const bool takesArguments = command.verb == Verb::call || command.verb == Verb::post || command.verb == Verb::set ||
                              command.verb == Verb::control;
  for (const auto& argument : command.arguments)
    if (argument.starts_with("--"))
      return run::Error{Code::invalidArgument, "there is no option " + argument, "see beckon --help"};
  if (!command.arguments.empty() && !takesArguments) return tooMany(command.arguments[0]);
  if (command.verb == Verb::doctor) {
    if (onBus)
      return run::Error{Code::invalidArgument, "doctor takes the address itself", "beckon doctor " + command.bus};
    if (command.tokenFile.empty() && !command.user.empty()) return userAlone;
    command.host = place;
    if (!place.empty()) return {};
    return run::Error{Code::invalidArgument, "doctor needs a host", "write for example beckon doctor robot.local"};
  }
  if (onBus && !command.all.empty())
    return run::Error{Code::invalidArgument, "--all is for robots by XMPP, and there is --bus, too",
                      "leave one of them out"};
  const auto robot = std::string_view(place).substr(0, place.find('/'));
  command.isOnLan = !onBus && command.all.empty() && robot.size() > lanSuffix.size() && robot.ends_with(lanSuffix) &&
                    robot.find('@') == std::string_view::npos;
  if (command.lan && (onBus || command.verb != Verb::robots))
    return run::Error{Code::invalidArgument, "--lan is for robots: it lists those of this network",
                      "beckon robots --lan; then a robot is named by what it lists, as in beckon services NAME.local"};
  if (!onBus && (command.verb == Verb::trace || command.verb == Verb::stats))
    return run::Error{Code::invalidArgument, "trace and stats are for a bus",
                      "give the address of the robot's bus, beckon --bus tcp://HOST:9559; by XMPP, watch shows the "
                      "events of one signal"};
  if (!onBus && !command.isOnLan && command.tls.areGiven())
    return run::Error{
        Code::invalidArgument, "TLS options are for a bus",
        "give its address with --bus, or NAME.local for one of this network; for the XMPP server, ca_file in the "
        "configuration"};
  if (!onBus && !command.isOnLan && !command.tokenFile.empty())
    return run::Error{
        Code::invalidArgument, "a token is for a robot's LAN door",
        "give its address with --bus tcps://HOST:PORT, or NAME.local; by XMPP your account says who you are"};
  if (command.tokenFile.empty() && !command.user.empty()) return userAlone;
  if (!onBus && !command.isOnLan && command.time > std::chrono::seconds(60))
    return run::Error{Code::invalidArgument, "by XMPP a robot gives a call 60 seconds at most",
                      "give --timeout 60 or less"};
  if (onBus && command.verb == Verb::robots)
    return run::Error{Code::invalidArgument, "a bus has services, not robots",
                      "beckon --bus " + command.bus + " services"};
  if (command.verb == Verb::control) return completeControl(place, command);
  if (command.verb == Verb::set && command.arguments.size() != 1)
    return run::Error{Code::badArguments, "set takes one value",
                      "write for example beckon set nao1/ALTextToSpeech.volume 0.5"};
  const bool mayLackPlace = command.verb == Verb::watch || command.verb == Verb::trace || command.verb == Verb::stats;
  const bool needsPlace = command.verb != Verb::robots && !(command.verb == Verb::services && onBus) &&
                          !(mayLackPlace && onBus && place.empty());
  if (needsPlace) return readPlace(place, command);
  return place.empty() ? run::Result<>() : tooMany(place);
}

}  // namespace beckon::cli
