#pragma once

#include "fleet/protocol.hpp"

#include <chrono>
#include <string_view>

// What the owner's device decides of what the relay tells it. No I/O.
namespace beckon::fleet {

// Whether it was this key that somebody who has our code enrolled, as what the code is for. `code`: the text of the one
// that MemberInfo::codeHash names, empty if this device does not know it. `fleet`: its name, as the relay tells it.
// Error badStatement.
run::Result<> judge(const MemberInfo& member, std::string_view fleet, std::string_view code);

// What to do about the statement that a member has: nothing, or to renew it, since less than half of `lifetime` is
// left. Error badStatement of one that `owner` has not made, or that is of another key or kind than the relay tells.
// `now`: a clock that is set.
run::Result<bool> isToRenew(const MemberInfo& member, const run::PublicKey& owner, std::chrono::seconds lifetime,
                            WallTime now);

}  // namespace beckon::fleet
