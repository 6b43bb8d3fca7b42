#include "fleet/statement.hpp"

#include "core/run/base64url.hpp"
#include "xmpp/jid.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace beckon::fleet {
namespace {

constexpr std::array<std::pair<Kind, std::string_view>, 3> kinds{{
    {Kind::owner, "owner"},
    {Kind::person, "person"},
    {Kind::robot, "robot"},
}};

// What is signed. The first line keeps it apart from everything else that the key may sign.
std::string signedText(const Statement& statement) {
  return "beckon statement 0\n" + statement.account + "\n" + std::string(text(statement.kind)) + "\n" +
         run::base64url(statement.key) + "\n" + std::to_string(statement.ends.time_since_epoch().count()) + "\n";
}

}  // namespace

std::string_view text(Kind kind) {
  return std::ranges::find(kinds, kind, [](const auto& entry) { return entry.first; })->second;
}

std::optional<Kind> kindOf(std::string_view text) {
  const auto* const found = std::ranges::find(kinds, text, [](const auto& entry) { return entry.second; });
  return found == kinds.end() ? std::nullopt : std::optional(found->first);
}

bool isName(std::string_view name) {
  return !name.empty() && name.size() <= 32 && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool isAccount(std::string_view jid) {
  const auto read = xmpp::Jid::parse(jid);
  return read && read->isBare() && !read->node().empty();
}

Statement Statement::make(const run::PrivateKey& owner, std::string account, Kind kind, const run::PublicKey& key,
                          WallTime ends) {
  Statement out{std::move(account), kind, key, ends, {}};
  out.signature = owner.sign(signedText(out));
  return out;
}

run::Result<> Statement::check(const run::PublicKey& owner, std::string_view shownBy, const run::PublicKey& shown,
                               WallTime now) const {
  const auto bad = [&](const std::string& what, const std::string& next) {
    return run::Error{run::Code::badStatement, std::string(shownBy) + " " + what, next};
  };
  const std::string suspicion =
      "if nobody has changed anything, its server is not to be trusted; ask the fleet's owner";
  if (account != shownBy) return bad("shows what the fleet's owner said of " + account, suspicion);
  if (key != shown) return bad("shows a key that is not the one which the fleet's owner has signed", suspicion);
  if (!run::isSignedBy(owner, signedText(*this), signature))
    return bad("shows a statement that the fleet's owner has not signed", suspicion);
  return checkEnd(now);
}

// A clock that was never set cannot judge an end; the rest holds all the same.
run::Result<> Statement::checkEnd(WallTime now) const {
  if (!policy::isSet(now) || ends > now) return {};
  return run::Error{run::Code::badStatement, account + " shows a statement of the fleet's owner whose time is over",
                    "let the owner renew it: beckon fleet list"};
}

}  // namespace beckon::fleet
