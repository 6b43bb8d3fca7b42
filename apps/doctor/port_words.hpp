#pragma once

#include "apps/doctor/port.hpp"

#include <string>
#include <vector>

// What was found at ports, for people.
namespace beckon::doctor {

// One line: "robot:9503 speaks qi inside TLSv1.3".
std::string wordsFor(const Port& port);
// Why none of `ports` is a bus, by the one that tells most. Not empty; none isQi().
run::Error reasonOf(const std::vector<Port>& ports);
// Of one that speaks qi, but not as `url` says.
run::Error otherScheme(const Port& port, const std::string& url);

}  // namespace beckon::doctor
