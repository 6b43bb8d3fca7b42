#pragma once

#include "core/run/error.hpp"
#include "core/run/key.hpp"
#include "fleet/statement.hpp"
#include "xmpp/element.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace beckon::fleet {

inline constexpr std::string_view transferName = "transfer";  // set, by the owner to a robot; and the answer

// What the owner of a fleet orders one of its robots, with his key: to go to the fleet that a code is of. Whoever
// carries the order on the way can neither make one, nor change it, nor keep it for later.
struct TransferOrder {
  // So far ahead an end may lie: whoever carries it could keep it for so long.
  static constexpr std::chrono::minutes longest{10};

  std::string account;  // of the robot as it is now, a bare JID
  std::string code;     // Code::text()
  std::string name;     // isName(): as what it enrols there
  WallTime ends{};
  run::Signature signature{};

  static TransferOrder make(const run::PrivateKey& owner, std::string account, std::string code, std::string name,
                            WallTime ends);
  // Whether `owner` orders it of this account, now. Error badStatement; tooLate for one whose end is over, or further
  // than `longest`; invalidConfig where the clock is not set: who cannot tell the time cannot tell an old order.
  run::Result<> check(const run::PublicKey& owner, std::string_view account, WallTime now) const;

  friend bool operator==(const TransferOrder&, const TransferOrder&) = default;
};

// `account` does not stand in it: it is the receiver's. Reading fails with protocolError.
xmpp::Element transferRequest(const TransferOrder& order);
run::Result<TransferOrder> readTransfer(const xmpp::Element& request, std::string account);

// As what the robot is enrolled now.
struct Transferred {
  std::string account, fleet, ownerAccount;
  run::PublicKey key{};
};
xmpp::Element transferResult(const Transferred& done);
run::Result<Transferred> readTransferred(const xmpp::Element& result);

}  // namespace beckon::fleet
