#pragma once

#include "core/run/error.hpp"
#include "fleet/statement.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace beckon::fleet {

// What a device remembers of its fleet, in a file of its own: the robots that the relay told of, and of each member the
// newest statement that was seen. A statement holds until its end, also when its member got another key meanwhile; so
// whoever showed a newer one, or was revoked here, is not taken for what an older one says.
class KnownFleet {
 public:
  static constexpr int schema = 0;
  static constexpr const char* fileName = "fleet.json";

  // Empty if there is no such file. Error invalidConfig for one that is damaged or of a newer Beckon.
  static run::Result<KnownFleet> open(const std::filesystem::path& folder);

  const std::vector<std::string>& robots() const { return robots_; }  // accounts
  bool hasSeen(const std::string& account) const { return seen_.contains(account); }
  // Whether this statement, which is sound in itself, is not older than what is known. Error badStatement.
  run::Result<> check(const Statement& statement) const;

  // The end of a statement that is to count from now on: `wanted`, or just after the end of the newest.
  WallTime endOfNext(const std::string& account, WallTime wanted) const;

  // One that check() takes. It is known here from now on, and written by the next keep().
  void saw(const Statement& statement);
  // What follows is written at once, with what was seen and what another process has written meanwhile. Error
  // invalidConfig; it is known here all the same.
  run::Result<> setRobots(std::vector<std::string> accounts);
  run::Result<> revoke(const std::string& account);
  run::Result<> keep();  // what was seen; nothing is written where all of it was before

 private:
  struct Seen {
    run::PublicKey key{};
    WallTime ends{};
    bool isRevoked = false;
  };
  run::Result<> save();

  bool isKept_ = true;
  std::filesystem::path file_;
  std::vector<std::string> robots_;
  std::map<std::string, Seen> seen_;
};

}  // namespace beckon::fleet
