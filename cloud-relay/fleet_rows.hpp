#pragma once

#include "cloud-relay/fleet_store.hpp"
#include "policy/schema.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace beckon::relay {

using policy::Database;
using policy::Statement;

inline std::int64_t count(WallTime time) { return time.time_since_epoch().count(); }

// The tables of FleetStore's file, and their rows as values. Reading, error invalidConfig for a row that no FleetStore
// has written.
extern const policy::Schema fleetSchema;

// A code and what became of it.
struct CodeRow {
  KeptCode code;
  std::optional<std::int64_t> member, replaced;  // who took it, and who had the account before
  std::int64_t times = 0;                        // how often it was given to that member
};

run::Result<std::optional<CodeRow>> findCode(Database& database, const Bytes32& hash);
// Gives the member's number.
run::Result<std::int64_t> insert(Database& database, const Member& member);
run::Result<> insert(Database& database, const KeptCode& code);

run::Result<Statement> selectMembers(Database& database, const std::string& which);
run::Result<std::vector<Member>> readMembers(Database& database, Statement& rows);

// Those that `which`, the end of a SELECT from WHERE on, names; each "?" in it stands for a value.
template <class... Values>
run::Result<std::vector<Member>> findMembers(Database& database, const std::string& which, const Values&... values) {
  auto rows = selectMembers(database, which);
  if (!rows) return rows.error();
  static_cast<void>((rows->bind(values), ...));
  return readMembers(database, *rows);
}
template <class... Values>
run::Result<std::optional<Member>> findMember(Database& database, const std::string& which, const Values&... values) {
  auto found = findMembers(database, which, values...);
  if (!found) return found.error();
  return found->empty() ? std::optional<Member>() : std::move(found->front());
}

// A statement that gives no rows.
template <class... Values>
run::Result<> change(Database& database, const std::string& sql, const Values&... values) {
  auto statement = Statement::prepare(database, sql);
  if (!statement) return statement.error();
  static_cast<void>((statement->bind(values), ...));
  if (const auto done = statement->step(); !done) return done.error();
  return {};
}

}  // namespace beckon::relay
