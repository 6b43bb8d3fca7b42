#include "policy/tokens.hpp"

#include "policy/schema.hpp"

#include <algorithm>

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr const char* steps[Tokens::schema] = {
    "CREATE TABLE tokens (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL,"
    " hash BLOB NOT NULL UNIQUE, made INTEGER NOT NULL, ends INTEGER) STRICT",
    // Before, to revoke a token was to remove it.
    "ALTER TABLE tokens ADD COLUMN revoked INTEGER",
};
constexpr Schema tokensSchema{.application = 0x426b546b,  // "BkTk"
                              .content = "tokens",
                              .insteadOfTheNewer = "move the file away and make the tokens anew",
                              .steps = steps};

std::int64_t count(WallTime time) { return time.time_since_epoch().count(); }
std::optional<std::int64_t> count(const std::optional<WallTime>& time) {
  return time ? std::optional(count(*time)) : std::nullopt;
}
std::optional<WallTime> timeIn(const Statement& row, int column) {
  if (row.isNull(column)) return {};
  return WallTime(std::chrono::seconds(row.integer(column)));
}

Error wrong(std::string cause, std::string next) { return {Code::invalidArgument, std::move(cause), std::move(next)}; }

Result<> checkWord(const std::string& what, const std::string& word) {
  if (isTokenName(word)) return {};
  // Somebody's secret is not said again.
  if (word.starts_with(tokenPrefix))
    return wrong("the text of a token is not its " + what, "give its " + what + "; see beckon token list");
  return wrong("\"" + word + "\" cannot be the " + what + " of a token",
               "use 1 to 64 letters, digits, '.', '_' and '-'");
}

Result<> check(const std::string& name, const std::string& role, std::optional<std::chrono::seconds> lifetime,
               WallTime now) {
  if (const auto good = checkWord("name", name); !good) return good;
  if (const auto good = checkWord("role", role); !good) return good;
  if (!lifetime) return {};
  if (*lifetime <= std::chrono::seconds(0)) return wrong("the token would have ended already", "give a later end");
  if (!isSet(now))
    return wrong("the clock is not set (it is before 2020), so that no end can be told",
                 "set the clock, or make a token without an end");
  return {};
}

}  // namespace

Result<Tokens> Tokens::open(const std::filesystem::path& file) {
  auto database = tokensSchema.open(file);
  if (!database) return database.error();
  return Tokens(std::move(*database));
}

Result<Tokens::Made> Tokens::create(const std::string& name, const std::string& role,
                                    std::optional<std::chrono::seconds> lifetime, WallTime now) {
  if (const auto sensible = check(name, role, lifetime, now); !sensible) return sensible.error();
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto same = select("name = ?", name);
  if (!same) return same.error();
  if (!same->empty()) {
    const auto state = stateOf(same->front(), now);
    if (state == TokenState::valid || state == TokenState::clockNotSet)
      return Error{Code::nameTaken, "there is a token \"" + name + "\" already",
                   "choose another name, or revoke that one first"};
    auto removal = Statement::prepare(database_, "DELETE FROM tokens WHERE name = ?");
    if (!removal) return removal.error();
    if (const auto done = removal->bind(name).step(); !done) return done.error();
  }
  Made out{randomTokenText(), {.name = name, .role = role, .made = now, .end = {}, .revoked = {}}};
  out.token.hash = tokenHash(out.text).value();
  if (lifetime) out.token.end = now + *lifetime;
  {
    auto insertion = Statement::prepare(
        database_, "INSERT INTO tokens (name, role, hash, made, ends) VALUES (?, ?, ?, ?, ?) RETURNING id");
    if (!insertion) return insertion.error();
    insertion->bind(name).bind(role).bind(out.token.hash).bind(count(now)).bind(count(out.token.end));
    const auto done = insertion->step();
    if (!done) return done.error();
    out.token.id = insertion->integer(0);
  }
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  return out;
}

Result<Token> Tokens::revoke(const std::string& name, WallTime now) {
  if (const auto good = checkWord("name", name); !good) return good.error();
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto found = select("name = ?", name);
  if (!found) return found.error();
  if (found->empty())
    return Error{Code::invalidArgument, "there is no token \"" + name + "\"", "see what there is: beckon token list"};
  Token token = found->front();
  if (token.revoked) return token;
  token.revoked = now;
  auto change = Statement::prepare(database_, "UPDATE tokens SET revoked = ? WHERE id = ?");
  if (!change) return change.error();
  if (const auto done = change->bind(count(now)).bind(token.id).step(); !done) return done.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  return token;
}

Result<std::vector<Token>> Tokens::list() {
  // A newer Beckon may have brought it up to date meanwhile.
  if (const auto current = tokensSchema.check(database_); !current) return current.error();
  return select("TRUE");
}

Result<std::optional<Token>> Tokens::find(const TokenHash& hash) {
  const auto found = select("hash = ?", {}, hash);
  if (!found) return found.error();
  return found->empty() ? std::optional<Token>() : found->front();
}

Result<std::int64_t> Tokens::version() { return database_.number("PRAGMA data_version"); }

Result<std::vector<Token>> Tokens::select(std::string_view condition, std::optional<std::string_view> name,
                                          std::optional<TokenHash> hash) {
  const auto sql =
      "SELECT id, name, role, hash, made, ends, revoked FROM tokens WHERE " + std::string(condition) + " ORDER BY name";
  auto rows = Statement::prepare(database_, sql);
  if (!rows) return rows.error();
  if (name) rows->bind(*name);
  if (hash) rows->bind(std::span<const std::uint8_t>(*hash));
  std::vector<Token> out;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return out;
    Token token{rows->integer(0), rows->text(1),   rows->text(2), {}, WallTime(std::chrono::seconds(rows->integer(4))),
                timeIn(*rows, 5), timeIn(*rows, 6)};
    const auto kept = rows->bytes(3);
    if (kept.size() != token.hash.size())
      return Error{Code::invalidConfig, database_.file().string() + " is damaged: token \"" + token.name + "\"",
                   "restore it from a backup, or move it away: a new one is made, without what was in it"};
    std::copy(kept.begin(), kept.end(), token.hash.begin());
    out.push_back(std::move(token));
  }
}

}  // namespace beckon::policy
