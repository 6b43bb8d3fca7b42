#include "apps/cli/fleet_print.hpp"

#include "apps/cli/token.hpp"
#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

#include <iomanip>
#include <iostream>

namespace beckon::cli {

using fleet::Kind;
using fleet::MemberInfo;
using Json = nlohmann::ordered_json;

namespace {

// As this device judges it, whatever the relay says.
std::string stateOf(const MemberInfo& member, const fleet::Membership& ours) {
  if (member.revoked) return "revoked " + utcText(*member.revoked);
  if (!member.statement) return "not signed";
  const auto sound = member.statement->check(ours.ownerKey, member.account, member.key, policy::wallClock());
  if (!sound) return "refused: " + qi::printable(sound.error().cause);
  return (member.isCloned ? "TWO computers log in as it: revoke it, or make a code for its name; " : "") +
         ("signed until " + utcText(member.statement->ends));
}

Json described(const MemberInfo& member, const fleet::Membership& ours) {
  const auto seconds = [](policy::WallTime time) { return time.time_since_epoch().count(); };
  const bool isSigned =
      member.statement && member.statement->check(ours.ownerKey, member.account, member.key, policy::wallClock());
  return {{"account", member.account},
          {"kind", fleet::text(member.kind)},
          {"signed", isSigned},
          {"ends", member.statement ? Json(seconds(member.statement->ends)) : Json()},
          {"key", run::fingerprint(member.key)},
          {"id", member.id},
          {"enrolled", seconds(member.enrolled)},
          {"confirmed", member.isConfirmed},
          {"cloned", member.isCloned},
          {"revoked", member.revoked ? Json(seconds(*member.revoked)) : Json()}};
}

std::string lifetimeText(std::chrono::seconds time) {
  const auto count = time.count();
  if (count % 86400 == 0) return std::to_string(count / 86400) + " days";
  if (count % 60 == 0) return std::to_string(count / 60) + " min";
  return std::to_string(count) + " s";
}

}  // namespace

void print(const fleet::MembersInfo& members, const fleet::Membership& ours, bool asJson) {
  if (asJson) {
    Json list = Json::array();
    for (const auto& member : members.members) list.push_back(described(member, ours));
    std::cout << Json{{"fleet", members.place.fleet}, {"members", list}}.dump(2) << "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& member : members.members) width = std::max(width, member.account.size());
  for (const auto& member : members.members)
    std::cout << std::left << std::setw(static_cast<int>(width)) << member.account << "  " << std::setw(6)
              << fleet::text(member.kind) << "  " << stateOf(member, ours) << "\n";
}

void print(const MemberInfo& member, const fleet::Membership& ours, bool asJson) {
  if (asJson) {
    std::cout << described(member, ours).dump(2) << "\n";
    return;
  }
  std::cout << "account   " << member.account << "\nkind      " << fleet::text(member.kind) << "\nstate     "
            << stateOf(member, ours) << "\nkey       " << run::fingerprint(member.key) << "\nid        "
            << qi::printable(member.id) << "\nenrolled  " << utcText(member.enrolled) << "\nused it   "
            << (member.isConfirmed ? "yes" : "not yet: it has not logged in") << "\n";
}

void printEnrolled(const fleet::Membership& membership, bool asJson) {
  if (asJson) {
    std::cout << Json{{"account", membership.account},
                      {"fleet", membership.fleet},
                      {"kind", fleet::text(membership.kind)},
                      {"owner", membership.ownerAccount}}
                     .dump(2)
              << std::endl;
    return;
  }
  std::cerr << "enrolled as " << membership.account << ", "
            << (membership.kind == Kind::owner ? "the owner of fleet " + membership.fleet
                                               : "in the fleet " + membership.fleet + " of " + membership.ownerAccount)
            << std::endl;
}

void printTransferred(const fleet::Transferred& done, bool asJson) {
  const auto key = run::fingerprint(done.key);
  if (asJson)
    std::cout
        << Json{{"account", done.account}, {"fleet", done.fleet}, {"owner", done.ownerAccount}, {"key", key}}.dump(2)
        << std::endl;
  else
    std::cout << "it is " << qi::printable(done.account) << " in the fleet " << done.fleet << " of "
              << qi::printable(done.ownerAccount) << " now, key " << key << std::endl;
}

void printRevoked(const std::string& account, bool asJson) {
  if (asJson)
    std::cout << Json{{"account", account}, {"revoked", true}}.dump(2) << "\n";
  else
    std::cout << account << " is revoked: its account is gone\n";
}

void printCode(const std::string& code, Kind kind, std::chrono::seconds lifetime, bool waits, bool asJson) {
  if (asJson) {
    std::cout << Json{{"code", code}, {"kind", fleet::text(kind)}, {"seconds", lifetime.count()}}.dump(2) << std::endl;
    return;
  }
  std::cerr << "a code for one " << fleet::text(kind) << ", good for " << lifetimeText(lifetime)
            << "; there: " << (kind == Kind::robot ? "beckond" : "beckon") << " enroll CODE" << std::endl;
  std::cout << code << std::endl;
  std::cerr << (waits ? "waiting for it, to sign its key; interrupted, beckon fleet list signs later"
                      : "once it was used, beckon fleet list signs the key")
            << std::endl;
}

void printSigned(const std::vector<remote::Owner::Signed>& outcomes, bool asJson) {
  for (const auto& [member, outcome] : outcomes) {
    const auto key = run::fingerprint(member.key);
    if (asJson)
      std::cerr << Json{{"account", member.account}, {"key", key}, {"signed", outcome.has_value()}}.dump() << std::endl;
    else if (outcome)
      std::cerr << "signed " << member.account << ", key " << key << std::endl;
    else
      std::cerr << "not signed: " << qi::printable(outcome.error().cause) << "; next: " << outcome.error().nextStep
                << std::endl;
  }
}

}  // namespace beckon::cli
