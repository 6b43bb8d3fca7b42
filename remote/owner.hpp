#pragma once

#include "core/run/key.hpp"
#include "fleet/code.hpp"
#include "fleet/protocol.hpp"
#include "fleet/transfer.hpp"
#include "remote/remote.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace beckon::remote {

// What the device of a fleet's owner does beside using robots: it makes codes, and signs for who came by one. Codes
// that are open lie in its folder (mode 0600), since only who has the code can tell by whose hands a key came.
class Owner {
 public:
  // Until then a statement holds; whoever is listed by the owner's device later than half of it gets another.
  static constexpr std::chrono::days lifetime{365};
  // Of a code: what lies about that long is found by somebody else. It is remembered for twice that time, for who comes
  // at the last moment.
  static constexpr std::chrono::days longestCode{30};

  // `remote` outlives it. `folder`: where the codes are kept.
  Owner(Remote& remote, std::filesystem::path folder, run::PrivateKey key, std::string account);

  struct MadeCode {
    std::string text;
    fleet::Bytes32 hash{};
  };
  // A new code, known to the relay. `name`: the only one that it enrols, also in the place of who has it now; empty:
  // any that is free. Errors: those of Remote::tellRelay; refused, if the device is not the owner's; invalidConfig.
  boost::asio::awaitable<run::Result<MadeCode>> makeCode(fleet::Kind kind, std::string name,
                                                         std::chrono::seconds forSoLong);

  // Ends a member; what was signed for it is not taken any more. Error of those of the relay.
  boost::asio::awaitable<run::Result<>> revoke(std::string account);

  // Orders a robot to the fleet of this code, as `name` (empty: as it is called), and ends it as a member of ours once
  // it has gone. `told`: what it is there, before it is ended here. Errors: badCode for one that is not for a robot;
  // invalidArgument for our own fleet's; those of Remote::tellRobot; those of the robot and of the relay there, after
  // which the robot stays; those of revoke(), after which it has gone and has to be revoked here.
  boost::asio::awaitable<run::Result<>> transfer(std::string robot, fleet::Code code, std::string name,
                                                 std::function<void(const fleet::Transferred&)> told);

  // Who was signed for now, and who was not, and why.
  struct Signed {
    fleet::MemberInfo member;
    run::Result<> outcome;
  };
  // Signs for each member that waits for it and came by a code of ours, and renews statements that come to their end.
  // Tells, too, of those whose statement is not ours, or of something else.
  boost::asio::awaitable<run::Result<std::vector<Signed>>> signPending(const fleet::MembersInfo& members);

 private:
  std::string codeOf(const fleet::MemberInfo& member) const;  // its text; empty if we do not know it
  boost::asio::awaitable<run::Result<>> sign(const fleet::MemberInfo& member);
  void forgetOldCodes() const;
  std::filesystem::path fileOf(const fleet::Bytes32& hash) const;

  Remote& remote_;
  std::filesystem::path folder_;
  run::PrivateKey key_;
  std::string account_;
};

}  // namespace beckon::remote
