#include "fleet/condition.hpp"

#include <algorithm>
#include <charconv>

namespace beckon::fleet {
namespace {

using xmpp::Element;

constexpr std::size_t longestVersion = 64;

std::string_view flagText(bool flag) { return flag ? "true" : "false"; }

std::optional<bool> flagOf(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return {};
}

std::optional<int> percentOf(std::string_view text) {
  int out = 0;
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), out);
  if (text.empty() || problem != std::errc() || end != text.end() || out < 0 || out > 100) return {};
  return out;
}

// A hash, whoever has made it: nothing that would be more than a word on a terminal.
bool isVersion(std::string_view text) {
  return text.size() <= longestVersion && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

}  // namespace

void Condition::writeTo(Element& robot) const {
  if (battery) robot.set("battery", std::to_string(*battery));
  if (isCharging) robot.set("charging", flagText(*isCharging));
  if (isBusy) robot.set("busy", flagText(*isBusy));
  if (!policy.empty()) robot.set("policy", policy);
}

Condition Condition::read(const Element& robot) {
  Condition out;
  out.battery = percentOf(robot.attribute("battery"));
  out.isCharging = flagOf(robot.attribute("charging"));
  out.isBusy = flagOf(robot.attribute("busy"));
  if (const auto version = robot.attribute("policy"); isVersion(version)) out.policy = version;
  return out;
}

std::string Condition::text() const {
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  if (battery) add("battery " + std::to_string(*battery) + " %");
  if (isCharging.value_or(false)) add("charging");
  if (isBusy) add(*isBusy ? "in control: somebody" : "in control: nobody");
  return out;
}

std::vector<Element> Condition::forPeople() const {
  std::vector<Element> out;
  if (isBusy.value_or(false)) out.emplace_back("show", std::string(xmpp::ns::client), "dnd");
  if (const auto status = text(); !status.empty()) out.emplace_back("status", std::string(xmpp::ns::client), status);
  return out;
}

}  // namespace beckon::fleet
