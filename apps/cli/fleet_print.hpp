#pragma once

#include "fleet/membership.hpp"
#include "fleet/protocol.hpp"
#include "remote/owner.hpp"

#include <chrono>
#include <string>
#include <vector>

// What the verbs `enroll` and `fleet` say (docs/cli.md).
namespace beckon::cli {

void print(const fleet::MembersInfo& members, const fleet::Membership& ours, bool asJson);
void print(const fleet::MemberInfo& member, const fleet::Membership& ours, bool asJson);
void printEnrolled(const fleet::Membership& membership, bool asJson);
void printTransferred(const fleet::Transferred& done, bool asJson);
void printRevoked(const std::string& account, bool asJson);
// The code goes to standard output, and what to do with it to standard error.
void printCode(const std::string& code, fleet::Kind kind, std::chrono::seconds lifetime, bool waits, bool asJson);
// To standard error: who was signed for, and who was not.
void printSigned(const std::vector<remote::Owner::Signed>& outcomes, bool asJson);

}  // namespace beckon::cli
