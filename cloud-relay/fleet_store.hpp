#pragma once

#include "fleet/code.hpp"
#include "fleet/statement.hpp"
#include "policy/database.hpp"
#include "policy/token.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace beckon::relay {

using fleet::Bytes32;
using fleet::Kind;
using fleet::WallTime;

// Whoever is, or was, enrolled.
struct Member {
  std::int64_t id = 0;  // never given twice
  std::string fleet;
  Kind kind = Kind::robot;
  std::string account;  // bare JID; one that is not revoked has it to itself
  std::string machine;  // Claim::id
  run::PublicKey key{};
  // What the owner's device needs to sign for it: who holds the code, and which one that was.
  Bytes32 codeHash{}, proof{};
  WallTime enrolled{};
  bool isMade = false;                // its account is there, and nobody else's
  std::optional<WallTime> confirmed;  // when it first logged in with what it was given
  std::optional<WallTime> revoked;
  std::optional<fleet::Statement> statement;  // the owner's
};

// What an account has moved through the relay on one day.
struct Moved {
  std::string account;
  std::int64_t day = 0;  // since 1970, UTC
  std::int64_t bytes = 0;
};

// A code as it is kept.
struct KeptCode {
  Bytes32 hash{};
  std::string fleet;
  Kind kind = Kind::robot;
  std::string account;  // empty: any name; else the only account that it enrols, anew if it is there
  WallTime made{}, ends{};
  std::string ownerAccount;  // who made it; empty: the relay itself, for a fleet's first owner
  run::PublicKey ownerKey{};
  Bytes32 introduction{};
};

// What the relay knows of its fleets, in a file of sqlite3 (policy::Database). Each call is one transaction: whatever
// is killed at whatever moment, what was acknowledged is in the file. Secrets of accounts and codes are not.
// Used by one thread; another process (a second relay, an administrator) may use the file at the same time.
//
// Errors: those of Database; invalidConfig for a file of a newer Beckon or of something else; those named below.
class FleetStore {
 public:
  static constexpr std::int64_t schema = 3;
  static constexpr const char* fileName = "fleets.db";
  // Codes of one fleet that are open at a time; whoever needs more waits for some to end.
  static constexpr std::int64_t mostOpenCodes = 1000;
  // So long it is kept what was moved.
  static constexpr std::int64_t daysKept = 400;

  static run::Result<FleetStore> open(const std::filesystem::path& file);

  // Errors: overloaded above mostOpenCodes; invalidArgument for one that was added before, that has ended, or whose end
  // cannot be told as the clock is not set. Codes that ended more than a day ago are forgotten on the way.
  run::Result<> add(const KeptCode& code, WallTime now);

  // The code of this hash is taken for this member, in the same moment in which it is found good: of many who try, one
  // wins. Gives the member that is now enrolled (its account is still to be made), and the code. Of `wanted` count
  // fleet, kind, account, machine, key and proof.
  // Error badCode, with a cause of its own for each: the clock is not set; there is no such code; it was used; its time
  // is over; it is for another fleet; for another kind; for another account; who made it is not, with that key, the
  // owner of the fleet any more.
  // Error nameTaken: another member has the account, and the code was not made for it, or is of another fleet or kind
  // than that member; or it would be a second owner of the fleet.
  // Once more by the same key for the same account (isAgain): given again, as long as the member is neither confirmed
  // nor revoked and the code has not ended, since the answer may have been lost. Where the code names an account that a
  // member has, that member is revoked by it.
  struct Taken {
    Member member;
    KeptCode code;
    std::optional<Member> replaced;  // who had the account before
    bool isAgain = false;            // the same key had it already: its account may be there
    std::int64_t times = 1;          // how often the member was given by now; for giveBack()
  };
  run::Result<Taken> take(const Bytes32& codeHash, const Member& wanted, WallTime now);
  // Its account could not be made: the code is as good as before, and whoever was replaced is back. Nothing is done if
  // the member was confirmed or revoked meanwhile, or given once more, which is then for that one to give back.
  run::Result<> giveBack(const Taken& taken);

  // Those below that change a member have the error invalidArgument if there is none that is not revoked.

  // Its account is there now. Before, one of that name may be somebody's who is no member.
  run::Result<> made(std::int64_t member);
  // The first time counts.
  run::Result<> confirm(std::int64_t member, WallTime now);
  // The caller has checked the signature. Error badStatement for another key or kind than the member's.
  run::Result<Member> state(const fleet::Statement& statement);
  // Who is revoked already stays as it is.
  run::Result<Member> revoke(const std::string& account, WallTime now);

  // Not revoked.
  run::Result<std::optional<Member>> member(const std::string& account);
  run::Result<std::optional<Member>> owner(const std::string& fleet);  // it has one at most
  // Those of a fleet by account, then by age; the revoked ones too.
  run::Result<std::vector<Member>> members(const std::string& fleet);

  // Whether another process has changed the file since this was asked last.
  run::Result<bool> isChangedByOthers();

  // Adds to what is there; all of them or none. Older days than daysKept before the last of them are forgotten.
  run::Result<> addMoved(const std::vector<Moved>& moved);
  run::Result<std::int64_t> moved(const std::string& account, std::int64_t day);

 private:
  explicit FleetStore(policy::Database database) : database_(std::move(database)) {}
  policy::Database database_;
  std::int64_t version_ = 0;
};

}  // namespace beckon::relay
