#include "policy/schema.hpp"

#include <algorithm>
#include <string>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

Result<Database> Schema::open(const std::filesystem::path& file) const {
  auto database = Database::open(file);
  if (!database) return database;
  if (const auto current = check(*database); !current) return current.error();
  if (const auto migrated = migrate(*database); !migrated) return migrated.error();
  return database;
}

Result<> Schema::check(Database& database) const {
  const auto file = database.file().string();
  // Another process may be making it.
  const auto moment = Transaction::snapshot(database);
  if (!moment) return moment.error();
  const auto whose = database.number("PRAGMA application_id");
  if (!whose) return whose.error();
  const auto found = database.number("PRAGMA user_version");
  if (!found) return found.error();
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*whose != application && (*whose != 0 || *found != 0 || *tables != 0))
    return Error{Code::invalidConfig, file + " holds something else than " + content, "name another file or folder"};
  if (*found > version())
    return Error{Code::invalidConfig,
                 file + " was written by a newer Beckon (schema " + std::to_string(*found) + "; this one knows " +
                     std::to_string(version()) + ")",
                 std::string("use the newer Beckon; or ") + insteadOfTheNewer};
  return {};
}

Result<> Schema::migrate(Database& database) const {
  const auto found = database.number("PRAGMA user_version");
  if (!found) return found.error();
  if (*found == version()) return {};
  auto transaction = Transaction::begin(database);
  if (!transaction) return transaction.error();
  // Somebody else may have done it by now.
  const auto from = database.number("PRAGMA user_version");
  if (!from) return from.error();
  for (auto step = *from; step < version(); ++step)
    if (const auto done = database.execute(steps[static_cast<std::size_t>(step)]); !done) return done.error();
  for (const auto& sql : {"PRAGMA application_id = " + std::to_string(application),
                          "PRAGMA user_version = " + std::to_string(std::max(*from, version()))})
    if (const auto done = database.execute(sql); !done) return done.error();
  return transaction->commit();
}

}  // namespace beckon::policy
