#pragma once

#include "policy/database.hpp"

#include <cstdint>
#include <filesystem>
#include <span>

namespace beckon::policy {

// What a file of ours holds, and the tables in it. Its head says both: PRAGMA application_id what it is, PRAGMA
// user_version how many of the steps it has been through.
struct Schema {
  std::int64_t application = 0;        // four letters
  const char* content = "";            // for people: "tokens"
  const char* insteadOfTheNewer = "";  // what they may do with a file of a newer Beckon without that one
  std::span<const char* const> steps;  // from each version to the next; never changed, only added to

  // Makes the file if it is not there, and brings an older one up to date. Error invalidConfig for a newer one and for
  // something else, which keep what is in them.
  run::Result<Database> open(const std::filesystem::path& file) const;
  // Not newer, and ours. Another process may have changed it since it was opened.
  run::Result<> check(Database& database) const;

 private:
  std::int64_t version() const { return static_cast<std::int64_t>(steps.size()); }
  run::Result<> migrate(Database& database) const;
};

}  // namespace beckon::policy
