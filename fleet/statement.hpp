#pragma once

#include "core/run/error.hpp"
#include "core/run/key.hpp"
#include "policy/token.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beckon::fleet {

using policy::WallTime;

// What a principal is in a fleet: the one whose key signs for it, a person's device, a robot.
enum class Kind { owner, person, robot };
std::string_view text(Kind kind);  // "owner", "person", "robot"
std::optional<Kind> kindOf(std::string_view text);

// 1 to 32 small letters, digits and '-', neither first nor last a '-': the name of a fleet, and of a principal in it,
// which becomes the node of its account.
bool isName(std::string_view name);
bool isAccount(std::string_view jid);  // bare, of somebody

// What the owner of a fleet says with its key: until `ends`, `key` is that account's. Presence carries it, and whoever
// knows the owner's key finds out a server that shows another one.
struct Statement {
  std::string account;  // a bare JID
  Kind kind = Kind::robot;
  run::PublicKey key{};
  WallTime ends{};
  run::Signature signature{};

  static Statement make(const run::PrivateKey& owner, std::string account, Kind kind, const run::PublicKey& key,
                        WallTime ends);
  // Whether it says so of this account and key, and the owner has said it. Error badStatement tells what is wrong, with
  // the account's name in it.
  run::Result<> check(const run::PublicKey& owner, std::string_view account, const run::PublicKey& key,
                      WallTime now) const;
  // The last part of it, for one that check() has taken before: whether its time is over by now.
  run::Result<> checkEnd(WallTime now) const;

  friend bool operator==(const Statement&, const Statement&) = default;
};

}  // namespace beckon::fleet
