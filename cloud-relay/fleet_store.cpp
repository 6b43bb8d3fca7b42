#include "cloud-relay/fleet_store.hpp"

#include "cloud-relay/fleet_rows.hpp"

#include <algorithm>
#include <utility>

namespace beckon::relay {

using policy::Transaction;
using run::Code;
using run::Error;
using run::Result;

namespace {

// So long it can still be told that a code has ended, instead of that there is none.
constexpr std::chrono::hours untilForgotten{24};

constexpr const char* ofNumber = "WHERE id = ?";
constexpr const char* ofAccount = "WHERE account = ? AND revoked IS NULL";
constexpr const char* ofAccountBefore = "WHERE account = ? AND revoked IS NOT NULL LIMIT 1";
constexpr const char* ownerOf = "WHERE fleet = ? AND kind = 'owner' AND revoked IS NULL";
constexpr const char* revokeNumber = "UPDATE members SET revoked = ? WHERE id = ?";

Error badCode(std::string cause, std::string next = "ask the fleet's owner for a new code") {
  return {Code::badCode, std::move(cause), std::move(next)};
}
Error wrong(std::string cause, std::string next) { return {Code::invalidArgument, std::move(cause), std::move(next)}; }
Error notEnrolled(const std::string& who) {
  return wrong(who + " is not enrolled", "see who is, or enrol it with a new code");
}

// Whether the code enrols this member at this time, if it was not used.
Result<> check(const KeptCode& code, const Member& wanted, WallTime now) {
  if (code.ends <= now) return badCode("the time of the code is over");
  if (code.fleet != wanted.fleet)
    return badCode("the code is for another fleet than " + wanted.fleet, "use the code as it was given to you");
  if (code.kind != wanted.kind)
    return badCode("the code enrols a " + std::string(text(code.kind)) + ", not a " + std::string(text(wanted.kind)),
                   "use it for that, or ask the fleet's owner for another code");
  if (!code.account.empty() && code.account != wanted.account)
    return badCode("the code enrols nobody but " + code.account + ", so not " + wanted.account,
                   "enrol under that name, or ask the fleet's owner for another code");
  return {};
}

// Whether who made the code may still let somebody in: what an owner who lost the device, or the fleet, has handed out
// enrols nobody.
Result<> checkOwner(Database& database, const KeptCode& code) {
  if (code.ownerAccount.empty()) return {};
  const auto owner = findMember(database, ownerOf, code.fleet);
  if (!owner) return owner.error();
  if (!*owner || (*owner)->account != code.ownerAccount || (*owner)->key != code.ownerKey)
    return badCode("whoever made the code does not own the fleet " + code.fleet + " any more");
  return {};
}

// Whom the member replaces, if it may have the account.
Result<std::optional<Member>> replacedBy(Database& database, const KeptCode& code, const Member& wanted) {
  auto holder = findMember(database, ofAccount, wanted.account);
  if (!holder) return holder.error();
  if (*holder && (code.account.empty() || (*holder)->fleet != wanted.fleet || (*holder)->kind != wanted.kind))
    return Error{Code::nameTaken, "the name of " + wanted.account + " is taken",
                 "choose another name; or ask the fleet's owner for a code that enrols this one anew"};
  if (!*holder && code.account.empty()) {
    const auto earlier = findMember(database, ofAccountBefore, wanted.account);
    if (!earlier) return earlier.error();
    // Policies of robots name accounts: what its last holder was granted is not for whoever comes first.
    if (*earlier)
      return Error{Code::nameTaken, "the name of " + wanted.account + " was that of a member who was revoked",
                   "choose another name; or ask the fleet's owner for a code that is made for this one"};
  }
  if (wanted.kind != Kind::owner || *holder) return holder;
  const auto owner = findMember(database, ownerOf, wanted.fleet);
  if (!owner) return owner.error();
  if (*owner)
    return Error{Code::nameTaken, "the fleet " + wanted.fleet + " has an owner already, " + (*owner)->account,
                 "ask for a code that enrols that one anew, or have it revoked first"};
  return holder;
}

// A code that was taken, once more for who took it.
Result<FleetStore::Taken> again(Database& database, const CodeRow& row, const Member& wanted, WallTime now) {
  auto member = findMember(database, ofNumber, *row.member);
  if (!member) return member.error();
  const bool isSame = *member && (*member)->key == wanted.key && (*member)->account == wanted.account &&
                      (*member)->fleet == wanted.fleet && (*member)->kind == wanted.kind;
  if (!isSame || (*member)->confirmed || (*member)->revoked) return badCode("the code was used already");
  if (const auto good = check(row.code, wanted, now); !good) return good.error();
  FleetStore::Taken out{std::move(**member), row.code, {}, true, row.times + 1};
  if (!row.replaced) return out;
  auto replaced = findMember(database, ofNumber, *row.replaced);
  if (!replaced) return replaced.error();
  out.replaced = std::move(*replaced);
  return out;
}

Result<FleetStore::Taken> enrol(Database& database, const KeptCode& code, const Member& wanted, WallTime now) {
  if (const auto good = check(code, wanted, now); !good) return good.error();
  if (const auto good = checkOwner(database, code); !good) return good.error();
  auto replaced = replacedBy(database, code, wanted);
  if (!replaced) return replaced.error();
  if (*replaced) {
    (*replaced)->revoked = now;
    if (const auto done = change(database, revokeNumber, count(now), (*replaced)->id); !done) return done.error();
  }
  Member member = wanted;
  member.codeHash = code.hash;
  member.enrolled = now;
  member.confirmed = member.revoked = {};
  member.statement = {};
  member.isMade = *replaced && (*replaced)->isMade;
  const auto id = insert(database, member);
  if (!id) return id.error();
  member.id = *id;
  return FleetStore::Taken{std::move(member), code, std::move(*replaced)};
}

}  // namespace

Result<FleetStore> FleetStore::open(const std::filesystem::path& file) {
  auto database = fleetSchema.open(file);
  if (!database) return database.error();
  return FleetStore(std::move(*database));
}

Result<> FleetStore::add(const KeptCode& code, WallTime now) {
  if (!policy::isSet(now))
    return wrong("the relay's clock is not set (it is before 2020), so that no end can be told", "set the clock");
  if (code.ends <= now) return wrong("the code would have ended already", "give a later end");
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  if (const auto done = change(database_, "DELETE FROM codes WHERE ends < ?", count(now - untilForgotten)); !done)
    return done.error();
  const auto same = findCode(database_, code.hash);
  if (!same) return same.error();
  if (*same) return wrong("the code was added before", "make a new code");
  {
    auto open =
        Statement::prepare(database_, "SELECT count(*) FROM codes WHERE fleet = ? AND ends > ? AND member IS NULL");
    if (!open) return open.error();
    if (const auto row = open->bind(code.fleet).bind(count(now)).step(); !row) return row.error();
    if (open->integer(0) >= mostOpenCodes)
      return Error{Code::overloaded,
                   "the fleet " + code.fleet + " has " + std::to_string(mostOpenCodes) + " open codes already",
                   "use some of them, or wait until they end"};
  }
  if (const auto done = insert(database_, code); !done) return done.error();
  return transaction->commit();
}

Result<FleetStore::Taken> FleetStore::take(const Bytes32& codeHash, const Member& wanted, WallTime now) {
  if (!policy::isSet(now))
    return badCode("the relay's clock is not set (it is before 2020), so that it cannot judge a code",
                   "ask who runs the relay to set its clock");
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto row = findCode(database_, codeHash);
  if (!row) return row.error();
  if (!*row) return badCode("there is no such code", "check that it is whole, or ask the fleet's owner for a new code");
  auto out = (*row)->member ? again(database_, **row, wanted, now) : enrol(database_, (*row)->code, wanted, now);
  if (!out) return out;
  const auto replaced = out->replaced ? std::optional(out->replaced->id) : std::nullopt;
  if (const auto done = change(database_, "UPDATE codes SET member = ?, replaced = ?, times = ? WHERE hash = ?",
                               out->member.id, replaced, out->times, codeHash);
      !done)
    return done.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  return out;
}

Result<> FleetStore::giveBack(const Taken& taken) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto row = findCode(database_, taken.code.hash);
  if (!row) return row.error();
  const auto member = findMember(database_, ofNumber, taken.member.id);
  if (!member) return member.error();
  if (!*row || !*member || (*row)->member != taken.member.id || (*row)->times != taken.times || (*member)->confirmed ||
      (*member)->revoked)
    return {};
  if (const auto done = change(database_, "DELETE FROM members WHERE id = ?", taken.member.id); !done)
    return done.error();
  if ((*row)->replaced)
    if (const auto done = change(database_, revokeNumber, std::optional<std::int64_t>(), *(*row)->replaced); !done)
      return done.error();
  if (const auto done = change(database_, "UPDATE codes SET member = NULL, replaced = NULL, times = 0 WHERE hash = ?",
                               taken.code.hash);
      !done)
    return done.error();
  return transaction->commit();
}

Result<> FleetStore::made(std::int64_t member) {
  return change(database_, "UPDATE members SET made = 1 WHERE id = ?", member);
}

Result<> FleetStore::confirm(std::int64_t number, WallTime now) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const auto member = findMember(database_, "WHERE id = ? AND revoked IS NULL", number);
  if (!member) return member.error();
  if (!*member) return notEnrolled("member " + std::to_string(number));
  if ((*member)->confirmed) return {};
  if (const auto done = change(database_, "UPDATE members SET confirmed = ? WHERE id = ?", count(now), number); !done)
    return done.error();
  return transaction->commit();
}

Result<Member> FleetStore::state(const fleet::Statement& statement) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  auto found = findMember(database_, ofAccount, statement.account);
  if (!found) return found.error();
  if (!*found) return notEnrolled(statement.account);
  Member member = std::move(**found);
  if (member.key != statement.key || member.kind != statement.kind)
    return Error{Code::badStatement,
                 "the statement is about another key or kind than " + statement.account + " is enrolled with",
                 "look at it again, and sign what it has now"};
  if (const auto done = change(database_, "UPDATE members SET statement_ends = ?, statement_signature = ? WHERE id = ?",
                               count(statement.ends), statement.signature, member.id);
      !done)
    return done.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  member.statement = statement;
  return member;
}

Result<Member> FleetStore::revoke(const std::string& account, WallTime now) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  // The last: those before it were replaced.
  auto found = findMember(database_, "WHERE account = ? ORDER BY id DESC LIMIT 1", account);
  if (!found) return found.error();
  if (!*found) return notEnrolled(account);
  Member member = std::move(**found);
  if (member.revoked) return member;
  member.revoked = now;
  if (const auto done = change(database_, revokeNumber, count(now), member.id); !done) return done.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  return member;
}

Result<std::optional<Member>> FleetStore::member(const std::string& account) {
  return findMember(database_, ofAccount, account);
}
Result<std::optional<Member>> FleetStore::owner(const std::string& fleet) {
  return findMember(database_, ownerOf, fleet);
}
Result<std::vector<Member>> FleetStore::members(const std::string& fleet) {
  return findMembers(database_, "WHERE fleet = ? ORDER BY account, id", fleet);
}

Result<bool> FleetStore::isChangedByOthers() {
  const auto now = database_.number("PRAGMA data_version");
  if (!now) return now.error();
  return std::exchange(version_, *now) != *now;
}

Result<> FleetStore::addMoved(const std::vector<Moved>& moved) {
  if (moved.empty()) return {};
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  std::int64_t last = 0;
  for (const auto& one : moved) {
    if (const auto done = change(database_,
                                 "INSERT INTO moved (account, day, bytes) VALUES (?, ?, ?)"
                                 " ON CONFLICT (account, day) DO UPDATE SET bytes = bytes + excluded.bytes",
                                 one.account, one.day, one.bytes);
        !done)
      return done.error();
    last = std::max(last, one.day);
  }
  if (const auto done = change(database_, "DELETE FROM moved WHERE day < ?", last - daysKept); !done)
    return done.error();
  return transaction->commit();
}

Result<std::int64_t> FleetStore::moved(const std::string& account, std::int64_t day) {
  auto rows = Statement::prepare(database_, "SELECT bytes FROM moved WHERE account = ? AND day = ?");
  if (!rows) return rows.error();
  const auto row = rows->bind(account).bind(day).step();
  if (!row) return row.error();
  return *row ? rows->integer(0) : 0;
}

}  // namespace beckon::relay
