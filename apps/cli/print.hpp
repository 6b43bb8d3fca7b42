#pragma once

#include "apps/cli/target.hpp"
#include "remote/remote.hpp"

#include <string>
#include <vector>

// What the verbs print on standard output: facts, a line each, or JSON.
namespace beckon::cli {

void print(const std::vector<remote::Robot>& robots, bool json);
void print(const std::vector<ListedService>& services, bool json);
void print(const std::string& service, const qi::MetaObject& metaObject, bool json);
// A result or property; void prints nothing unless as JSON.
void print(const qi::Value& value, bool json);
// An event of a watched signal, its arguments a Tuple; one line, flushed.
void printEvent(const std::string& member, const qi::Value& arguments, bool json);
// A service that came or went.
void printChange(bool isThere, std::uint32_t id, const std::string& name, bool json);

}  // namespace beckon::cli
