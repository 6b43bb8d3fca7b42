#include "apps/cli/command.hpp"

namespace beckon::cli {

run::Result<> readPlace(const std::string& place, Command& command) {
  const bool hasMember = command.verb == Verb::call || command.verb == Verb::get || command.verb == Verb::set || command.verb == Verb::watch;
  const auto wrong = [&] {
    std::string form = command.bus.empty() ? "ROBOT" : "", example = command.bus.empty() ? "nao1" : "";
    if (command.verb != Verb::services) {
      const std::string slash = form.empty() ? "" : "/";
      form += slash + "SERVICE" + (hasMember ? ".MEMBER" : "");
      example += slash + "ALTextToSpeech" + (hasMember ? ".say" : "");
    }
    return run::Error{run::Code::invalidArgument, "\"" + place + "\" is not of the form " + form, "write for example " + example};
  };
  std::string rest = place;
  if (command.bus.empty()) {
    const auto slash = rest.find('/');
    if (command.verb == Verb::services) {
      command.robot = rest;
      return slash == std::string::npos && !rest.empty() ? run::Result<>() : wrong();
    }
    if (slash == std::string::npos || slash == 0) return wrong();
    command.robot = rest.substr(0, slash);
    rest.erase(0, slash + 1);
  }
  if (hasMember) {
    // A full name, "say::(s)", may hold dots behind the colons.
    const auto dot = rest.rfind('.', rest.find("::"));
    if (dot == std::string::npos || dot == 0 || dot + 1 == rest.size()) return wrong();
    command.member = rest.substr(dot + 1);
    rest.erase(dot);
  }
  command.service = rest;
  return rest.empty() || rest.find('/') != std::string::npos ? wrong() : run::Result<>();
}

}  // namespace beckon::cli
