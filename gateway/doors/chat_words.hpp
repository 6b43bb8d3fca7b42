#pragma once

#include "gateway/doors/callable.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the words of a chat mean among the methods that somebody may call, and the texts that tell him which there are.
namespace beckon::gateway {

// What a word names. Letters count as the same in both cases where nothing else fits: phones begin a line with a
// capital letter.
struct Meaning {
  std::string service, method;
  bool isShort = false;  // the method's name is enough
};
// "say", "Speech.say", "Speech.say::(s)". A name with a service that fits nothing is what it says: the robot's answer
// to it is that of its policy. Errors: unknownMember; badArguments where several have such a method.
run::Result<Meaning> meaningOf(const std::vector<Callable>& all, std::string_view word);

// "say <text>" of each overload, as it is to be written.
std::vector<std::string> usages(const std::vector<Callable>& all, const Meaning& meaning);

bool isHelp(std::string_view word);
// `about`: nothing, a service or a method.
std::string help(const std::vector<Callable>& all, std::optional<std::string_view> about);

}  // namespace beckon::gateway
