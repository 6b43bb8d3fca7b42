#pragma once

#include "core/run/error.hpp"

#include <string>

namespace beckon::apps {

// An error as all programs show it, with a final newline:
//
//   error (unknown-service): there is no service "X"
//     next: list what there is with the verb services
std::string errorText(const run::Error& error);

// The same for programs to read: {"error":{"code":"unknown-service","cause":"..","next":".."}}; "next" is
// empty where there is nothing to do.
std::string errorJson(const run::Error& error);

// Prints the text on standard error or, with `json`, the JSON on standard output, and flushes.
void report(const run::Error& error, bool json = false);

}  // namespace beckon::apps
