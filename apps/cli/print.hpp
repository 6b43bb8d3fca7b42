#pragma once

#include "apps/cli/load.hpp"
#include "apps/cli/target.hpp"
#include "remote/remote.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What the verbs print on standard output: facts, a line each, or JSON.
namespace beckon::cli {

// Says at the end whether the list is complete.
void print(const remote::Remote::Listing& listing, bool json);
void print(const std::vector<ListedService>& services, bool json);
// `path`: how it is reached.
void print(const std::string& service, const qi::MetaObject& metaObject, const std::string& path, bool json);
// A result or property; void prints nothing unless as JSON.
void print(const qi::Value& value, bool json);
// The same of one robot of many, in one line, flushed; an error of its as well, which for people is on standard error.
void printOf(const std::string& robot, const run::Result<qi::Value>& result, bool json);
// How a service was reached, on standard error.
void printPath(const std::string& service, const std::string& path);
// An event of a watched signal, its arguments a Tuple; one line, flushed.
void printEvent(const std::string& member, const qi::Value& arguments, bool json);
// Events of a watched signal that did not arrive, their number if it is known.
void printMissed(const std::string& member, std::optional<std::uint64_t> count, bool json);
// A service that came or went.
void printChange(bool isThere, std::uint32_t id, const std::string& name, bool json);
// One line of a trace, flushed. For people, a long content is cut, its size behind it.
void print(const std::string& service, const Passed& passed, bool json);
// What passed in that time, by service; those without anything are only counted for people.
void print(const std::map<std::string, Load>& loads, std::chrono::duration<double> measured, bool json);

}  // namespace beckon::cli
