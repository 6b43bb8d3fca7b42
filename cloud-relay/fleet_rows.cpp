#include "cloud-relay/fleet_rows.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace beckon::relay {

using fleet::kindOf;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr const char* steps[FleetStore::schema] = {
    "CREATE TABLE members (id INTEGER PRIMARY KEY AUTOINCREMENT, fleet TEXT NOT NULL, kind TEXT NOT NULL,"
    " account TEXT NOT NULL, machine TEXT NOT NULL, key BLOB NOT NULL, code_hash BLOB NOT NULL, proof BLOB NOT NULL,"
    " enrolled INTEGER NOT NULL, confirmed INTEGER, revoked INTEGER,"
    " statement_ends INTEGER, statement_signature BLOB) STRICT;"
    "CREATE UNIQUE INDEX member_of_account ON members (account) WHERE revoked IS NULL;"
    "CREATE UNIQUE INDEX owner_of_fleet ON members (fleet) WHERE kind = 'owner' AND revoked IS NULL;"
    "CREATE INDEX members_of_fleet ON members (fleet, account);"
    "CREATE INDEX members_by_account ON members (account);"
    "CREATE TABLE codes (hash BLOB PRIMARY KEY, fleet TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL,"
    " made INTEGER NOT NULL, ends INTEGER NOT NULL, owner_account TEXT NOT NULL, owner_key BLOB NOT NULL,"
    " introduction BLOB NOT NULL, member INTEGER, replaced INTEGER, times INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX codes_of_fleet ON codes (fleet, ends);"
    "CREATE INDEX codes_by_end ON codes (ends);",
    // Before, it was not written down whether the account had been made; as good as always it had.
    "ALTER TABLE members ADD COLUMN made INTEGER NOT NULL DEFAULT 1",
    "CREATE TABLE moved (account TEXT NOT NULL, day INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " PRIMARY KEY (account, day)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX moved_by_day ON moved (day)",
};

WallTime timeIn(const Statement& row, int column) { return WallTime(std::chrono::seconds(row.integer(column))); }
std::optional<std::int64_t> numberIn(const Statement& row, int column) {
  return row.isNull(column) ? std::nullopt : std::optional(row.integer(column));
}
std::optional<WallTime> timeIfAny(const Statement& row, int column) {
  return row.isNull(column) ? std::nullopt : std::optional(timeIn(row, column));
}

template <std::size_t size>
bool copy(const Statement& row, int column, std::array<std::uint8_t, size>& out) {
  const auto bytes = row.bytes(column);
  if (bytes.size() == size) std::copy(bytes.begin(), bytes.end(), out.begin());
  return bytes.size() == size;
}

Error damaged(const Database& database, const std::string& what) {
  return {Code::invalidConfig, database.file().string() + " is damaged: " + what, "restore it from a backup"};
}

}  // namespace

const policy::Schema fleetSchema{.application = 0x426b466c,  // "BkFl"
                                 .content = "fleets",
                                 .insteadOfTheNewer = "restore a backup that this one wrote",
                                 .steps = steps};

Result<Statement> selectMembers(Database& database, const std::string& which) {
  return Statement::prepare(database,
                            "SELECT id, fleet, kind, account, machine, key, code_hash, proof, enrolled, confirmed,"
                            " revoked, statement_ends, statement_signature, made FROM members " +
                                which);
}

Result<std::vector<Member>> readMembers(Database& database, Statement& rows) {
  std::vector<Member> out;
  for (;;) {
    const auto row = rows.step();
    if (!row) return row.error();
    if (!*row) return out;
    Member member;
    member.id = rows.integer(0);
    member.fleet = rows.text(1);
    const auto kind = kindOf(rows.text(2));
    member.account = rows.text(3);
    member.machine = rows.text(4);
    bool isWhole = kind && copy(rows, 5, member.key) && copy(rows, 6, member.codeHash) && copy(rows, 7, member.proof);
    if (isWhole) member.kind = *kind;
    member.enrolled = timeIn(rows, 8);
    member.confirmed = timeIfAny(rows, 9);
    member.revoked = timeIfAny(rows, 10);
    member.isMade = rows.integer(13) != 0;
    if (isWhole && !rows.isNull(11)) {
      member.statement.emplace(fleet::Statement{member.account, member.kind, member.key, timeIn(rows, 11), {}});
      isWhole = copy(rows, 12, member.statement->signature);
    }
    if (!isWhole) return damaged(database, "member " + std::to_string(member.id));
    out.push_back(std::move(member));
  }
}

Result<std::int64_t> insert(Database& database, const Member& member) {
  auto insertion =
      Statement::prepare(database,
                         "INSERT INTO members (fleet, kind, account, machine, key, code_hash, proof, enrolled,"
                         " made) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
  if (!insertion) return insertion.error();
  insertion->bind(member.fleet).bind(text(member.kind)).bind(member.account).bind(member.machine);
  insertion->bind(member.key).bind(member.codeHash).bind(member.proof).bind(count(member.enrolled));
  insertion->bind(std::int64_t(member.isMade));
  if (const auto done = insertion->step(); !done) return done.error();
  return insertion->integer(0);
}

Result<std::optional<CodeRow>> findCode(Database& database, const Bytes32& hash) {
  auto rows = Statement::prepare(database,
                                 "SELECT fleet, kind, account, made, ends, owner_account, owner_key, introduction,"
                                 " member, replaced, times FROM codes WHERE hash = ?");
  if (!rows) return rows.error();
  const auto row = rows->bind(hash).step();
  if (!row) return row.error();
  if (!*row) return std::optional<CodeRow>();
  CodeRow out;
  out.code.hash = hash;
  out.code.fleet = rows->text(0);
  const auto kind = kindOf(rows->text(1));
  out.code.account = rows->text(2);
  out.code.made = timeIn(*rows, 3);
  out.code.ends = timeIn(*rows, 4);
  out.code.ownerAccount = rows->text(5);
  if (!kind || !copy(*rows, 6, out.code.ownerKey) || !copy(*rows, 7, out.code.introduction))
    return damaged(database, "a code of the fleet " + out.code.fleet);
  out.code.kind = *kind;
  out.member = numberIn(*rows, 8);
  out.replaced = numberIn(*rows, 9);
  out.times = rows->integer(10);
  return std::optional(std::move(out));
}

Result<> insert(Database& database, const KeptCode& code) {
  return change(database,
                "INSERT INTO codes (hash, fleet, kind, account, made, ends, owner_account, owner_key, introduction,"
                " times) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                code.hash, code.fleet, text(code.kind), code.account, count(code.made), count(code.ends),
                code.ownerAccount, code.ownerKey, code.introduction);
}

}  // namespace beckon::relay
