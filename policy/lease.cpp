#include "policy/lease.hpp"

#include <algorithm>

namespace beckon::policy {

run::Result<Lease::Stop> Lease::Stop::parse(std::string_view text) {
  const auto dot = text.rfind('.');
  if (dot == text.npos || dot == 0 || dot + 1 == text.size() || text.size() > longestName ||
      text.find_first_of("*:") != text.npos)
    return run::Error{run::Code::badArguments, "\"" + std::string(text) + "\" is not one method of one service",
                      "write SERVICE.METHOD, for example Motion.stop; it is called without arguments"};
  return Stop{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

bool Lease::covers(std::string_view service, std::string_view member) const {
  return std::ranges::any_of(on, [&](const MemberPattern& pattern) { return pattern.matches(service, member); });
}

bool Lease::meets(const Lease& other) const {
  return std::ranges::any_of(on, [&](const MemberPattern& mine) {
    return std::ranges::any_of(other.on, [&](const MemberPattern& theirs) { return mine.meets(theirs); });
  });
}

bool Lease::operator==(const Lease& other) const {
  const auto isSame = [](const MemberPattern& a, const MemberPattern& b) { return a.written() == b.written(); };
  return name == other.name && heartbeat == other.heartbeat && lapse == other.lapse && longest == other.longest &&
         stop == other.stop && std::ranges::equal(on, other.on, isSame);
}

}  // namespace beckon::policy
