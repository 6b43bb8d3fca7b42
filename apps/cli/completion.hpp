#pragma once

#include <string>

namespace CLI {
class App;
}

namespace beckon::cli {

// A script for bash (`source <(beckon completion)`) that completes the verbs and options of `app`, which takes the
// options of a verb behind the verbs that it has itself; where none fits, names of files. Made from what the program
// knows, so that it cannot fall behind.
std::string bashCompletion(const CLI::App& app);

}  // namespace beckon::cli
