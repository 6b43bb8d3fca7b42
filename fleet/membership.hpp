#pragma once

#include "core/run/error.hpp"
#include "fleet/enrolment.hpp"
#include "fleet/statement.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace beckon::fleet {

// What a principal keeps of its enrolment, in its own folder: a file that is written whole or not at all (mode 0600,
// since the account's secret is in it), and the authorities of the server beside it.
struct Membership {
  static constexpr int schema = 0;
  static constexpr const char* fileName = "membership.json";
  static constexpr const char* authoritiesName = "authorities.pem";

  std::filesystem::path folder;
  Kind kind = Kind::robot;
  std::string fleet;
  std::string account, secret;
  WallTime secretMade{};
  // One that was asked for and perhaps granted: an answer that was lost leaves both possible.
  std::string nextSecret;
  std::string host;  // of the XMPP server; empty: by DNS
  unsigned short port = 0;
  bool hasAuthorities = false;
  std::string relay;  // JID of the component
  std::string ownerAccount;
  run::PublicKey ownerKey{};
  std::optional<Statement> statement;  // of the owner, of us
  // Of a robot: when the last order to go to another fleet ends that it took from the owner, whatever became of it.
  WallTime lastOrder{};

  // None if there is no such file. Errors: invalidConfig for one that others may read, that is damaged, or that a newer
  // Beckon has written.
  static run::Result<std::optional<Membership>> load(const std::filesystem::path& folder);
  // Of the relay's answer: that the owner is who made the code. Error badStatement where the introduction is not by the
  // code: the relay has put another owner in its place.
  static run::Result<Membership> make(const std::filesystem::path& folder, const Code& code, const Claim& claim,
                                      const EnrolmentAnswer& answer);

  // Error invalidConfig if it cannot be written; then the old one is there as it was.
  run::Result<> save() const;
  // The same for who has had it for a while: nothing is written where another enrolment has taken its place meanwhile
  // (error nameTaken).
  run::Result<> update() const;
  std::filesystem::path authoritiesFile() const;  // empty: the system's suffice

  // What is prepared for another fleet lies in `folder`/next, this file last: key, authorities, membership. Once it is
  // whole, it takes the place of what is in `folder`; whatever is killed meanwhile, that is carried on at the next
  // call. To be called before the folder is read. Error invalidConfig if something cannot be moved.
  static constexpr const char* nextName = "next";
  static run::Result<> finishMove(const std::filesystem::path& folder);
};

}  // namespace beckon::fleet
