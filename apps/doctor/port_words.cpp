#include "apps/doctor/port_words.hpp"

#include <algorithm>

namespace beckon::doctor {

using run::Code;
using run::Error;

namespace {

constexpr const char* ofTheBus = "give the port of the bus: usually 9559 for qi, 9503 for qi inside TLS";

std::string place(const Port& port) {
  const auto address = port.address.address().to_string();
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
         std::to_string(port.address.port());
}

bool isRefused(const Port& port) { return port.closed && port.closed->code == Code::unreachable; }

// The more it tells, the higher.
int telling(const Port& port) {
  if (port.closed) return isRefused(port) ? 1 : 0;
  return port.isTls || port.speech != Speech::nothing ? 3 : 2;
}

Error reason(const Port& port) {
  const auto at = place(port);
  if (port.isTls) {
    if (port.tlsProblem->code == Code::badCertificate) return *port.tlsProblem;
    if (!port.speaker.empty())
      return {Code::protocolError, at + " speaks TLS, and inside it " + port.speaker + ", not qi", ofTheBus};
    return {port.tlsProblem->code,
            at + " speaks TLS, but gives no answer to qi inside it (" + port.tlsProblem->cause + ")",
            "look whether its program hangs, and that it is the port of the bus"};
  }
  if (port.speech == Speech::tls) return *port.tlsProblem;
  if (!port.speaker.empty()) return {Code::protocolError, at + " is " + port.speaker + ", not a qi bus", ofTheBus};
  if (port.speech == Speech::qi)
    return {Code::protocolError, at + " begins as qi, and then breaks the protocol", "see the log of its program"};
  if (port.closes)
    return {Code::connectionLost, at + " ends every connection without a word",
            "it may be no qi bus, be ending, take only some addresses, or be a forwarder whose target is away"};
  return {Code::timedOut, at + " takes connections, but says nothing: its program hangs, or is no qi bus",
          "look on the robot whether the program is stopped or overloaded, and start it anew"};
}

Error closedReason(const std::vector<Port>& ports) {
  std::string at;
  for (const auto& port : ports)
    if (isRefused(port) == isRefused(*std::ranges::max_element(ports, {}, telling)))
      at += (at.empty() ? "" : ", ") + place(port);
  const auto& best = *std::ranges::max_element(ports, {}, telling);
  if (!isRefused(best))
    return {Code::timedOut, "no answer from " + at + ": not even a refusal",
            "check that the robot is on and in the same network, and that no firewall between swallows these ports"};
  const auto& why = best.closed->cause;
  if (why != "Connection refused")
    return {Code::unreachable, "cannot reach " + at + ": " + why, "check this computer's network and the address"};
  return {Code::unreachable, "the computer is there, but nothing listens on " + at,
          "start the robot's software, and check that its bus listens on this network and not only on 127.0.0.1; "
          "another port is given as HOST:PORT"};
}

}  // namespace

std::string wordsFor(const Port& port) {
  const auto at = place(port);
  if (port.inside) return at + " speaks qi inside " + port.tlsVersion;
  if (port.plain) return at + " speaks qi, without TLS";
  if (isRefused(port)) return at + " is closed: " + port.closed->cause;
  if (port.closed) return at + " gives no answer";
  if (port.isTls)
    return at + " speaks " + port.tlsVersion + (port.speaker.empty() ? ", but no qi" : ", and " + port.speaker);
  if (!port.speaker.empty()) return at + " is " + port.speaker;
  return at + (port.speech == Speech::nothing
                   ? (port.closes ? " ends connections at once" : " is open and says nothing")
                   : " speaks no qi that can be understood");
}

Error reasonOf(const std::vector<Port>& ports) {
  const auto& best = *std::ranges::max_element(ports, {}, telling);
  return best.closed ? closedReason(ports) : reason(best);
}

Error otherScheme(const Port& port, const std::string& url) {
  const auto rest = url.substr(url.find("://"));
  if (port.inside) return {Code::protocolError, url + " is qi without TLS, but the port speaks TLS", "use tcps" + rest};
  return {Code::protocolError, url + " is qi inside TLS, but the port speaks it without", "use tcp" + rest};
}

}  // namespace beckon::doctor
