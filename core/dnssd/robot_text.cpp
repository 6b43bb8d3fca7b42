#include "core/dnssd/robot_text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

namespace beckon::dnssd {

using run::Code;
using run::Error;

namespace {

constexpr const char* machine = "machine";
constexpr const char* key = "key";
constexpr std::string_view hashName = "SHA256:";
constexpr std::size_t hexDigits = 64, longestMachineId = 64;

std::optional<std::string> valueOf(const std::vector<std::string>& strings, std::string_view name) {
  const auto isSame = [](char one, char other) { return std::tolower(static_cast<unsigned char>(one)) == other; };
  for (const auto& entry : strings) {
    const auto end = entry.find('=');
    if (end != std::string::npos && std::ranges::equal(std::string_view(entry).substr(0, end), name, isSame))
      return entry.substr(end + 1);
  }
  return {};
}

bool isKey(std::string_view text) {
  return text.size() == hashName.size() + hexDigits && text.starts_with(hashName) &&
         text.find_first_not_of("0123456789abcdef", hashName.size()) == std::string_view::npos;
}

bool isMachineId(std::string_view text) {
  const auto isOfOne = [](unsigned char byte) {
    return std::isalnum(byte) || byte == '-' || byte == '_' || byte == '.';
  };
  return !text.empty() && text.size() <= longestMachineId && std::ranges::all_of(text, isOfOne);
}

}  // namespace

std::vector<std::string> writeText(const RobotText& text) {
  return {"txtvers=1", std::string(machine) + "=" + text.machineId, std::string(key) + "=" + text.key};
}

run::Result<RobotText> readText(const std::vector<std::string>& strings) {
  const auto itsMachine = valueOf(strings, machine), itsKey = valueOf(strings, key);
  if (!itsMachine || !isMachineId(*itsMachine))
    return Error{Code::protocolError, "it announces no machine id that can be one", {}};
  if (!itsKey || !isKey(*itsKey)) return Error{Code::protocolError, "it announces no key that can be one", {}};
  return RobotText{*itsMachine, *itsKey};
}

}  // namespace beckon::dnssd
