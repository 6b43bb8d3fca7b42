#pragma once

#include "policy/database.hpp"
#include "policy/token.hpp"

#include <vector>

namespace beckon::policy {

// The tokens of a robot, in a file that several processes use at once: `beckon token` changes it while beckond reads
// it. Whatever is killed at whatever moment, the file holds what was acknowledged. Secrets are not in it.
//
// Errors: those of Database; invalidConfig for a file of a newer Beckon or of something else.
class Tokens {
 public:
  // Of the file. An older one is brought up to date when it is opened; a newer one is refused.
  static constexpr std::int64_t schema = 2;
  static constexpr const char* fileName = "tokens.db";  // in the folder of the robot's state

  // Makes the file if it is not there; its folder must be.
  static run::Result<Tokens> open(const std::filesystem::path& file);

  struct Made {
    std::string text;  // the only time that it is to be had
    Token token;
  };
  // Errors: nameTaken while a token of that name is good; invalidArgument for a name or role that is none, a lifetime
  // that is not positive, and one with an end while the clock is not set.
  run::Result<Made> create(const std::string& name, const std::string& role,
                           std::optional<std::chrono::seconds> lifetime, WallTime now);
  // The token as it is then; one that is revoked already stays as it is. Error invalidArgument: there is none of that
  // name.
  run::Result<Token> revoke(const std::string& name, WallTime now);
  // All, by name.
  run::Result<std::vector<Token>> list();
  // By what its holder showed, whatever became of it. A look-up by hash: how long it takes tells nothing about the text
  // that somebody else holds.
  run::Result<std::optional<Token>> find(const TokenHash& hash);

  // Another number whenever somebody else has changed the file.
  run::Result<std::int64_t> version();
  Database& database() { return database_; }

 private:
  explicit Tokens(Database database) : database_(std::move(database)) {}
  run::Result<std::vector<Token>> select(std::string_view condition, std::optional<std::string_view> name = {},
                                         std::optional<TokenHash> hash = {});

  Database database_;
};

}  // namespace beckon::policy
