#pragma once

#include "policy/audit/trail.hpp"
#include "tests/support/temporary_folder.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace beckon::test {

// A record for a door, and what is in it.
struct Recorded {
  explicit Recorded(boost::asio::io_context& io) {
    policy::audit::Options options;
    options.folder = folder.path();
    trail = policy::audit::Trail::open(io.get_executor(), options, run::silentLog()).value();
  }
  ~Recorded() { trail->close(); }

  std::string text() const {
    std::string out;
    for (const auto& segment : policy::audit::segmentsOf(folder.path()).value())
      out += policy::audit::readSegment(segment.path).value();
    return out;
  }
  // "call Counter.add done", with what is said of it in the record now; `why` in brackets.
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::istringstream all(text());
    for (std::string line; std::getline(all, line);) {
      const auto entry = nlohmann::json::parse(line);
      if (!entry.contains("at")) continue;
      auto& told = out.emplace_back(entry["what"]);
      for (const char* key : {"on", "outcome"})
        if (entry.contains(key)) told += " " + entry[key].get<std::string>();
      if (entry.contains("why")) told += " (" + entry["why"].get<std::string>() + ")";
    }
    return out;
  }

  TemporaryFolder folder;
  std::shared_ptr<policy::audit::Trail> trail;
};

}  // namespace beckon::test
