#include "fleet/admission.hpp"

#include "xmpp/jid.hpp"

#include <string>

namespace beckon::fleet {
namespace {

run::Error bad(std::string cause, std::string nextStep) {
  return {run::Code::badStatement, std::move(cause), std::move(nextStep)};
}

}  // namespace

run::Result<> judge(const MemberInfo& member, std::string_view fleet, std::string_view codeText) {
  const auto code = Code::parse(codeText);
  const auto jid = xmpp::Jid::parse(member.account);
  if (!code || !jid || !member.codeHash || !member.proof || Code::hashOf(code->ticket()) != *member.codeHash)
    return bad(member.account + " came by a code that this device does not know",
               "if you know it, enrol it anew with a code of this device: beckon fleet code NAME");
  const std::string next = "do not trust this server; revoke what it made: beckon fleet revoke " + member.account;
  const Claim claim{member.kind, std::string(fleet), jid->node(), member.id, member.key};
  if (!sameBytes(code->proofOf(claim), *member.proof))
    return bad(
        "the relay tells of " + member.account + " what the holder of the code has not said: another key or name",
        next);
  // Who holds a code may claim to be anything; a relay that is in league with him lets him.
  if (code->place().kind != member.kind || code->place().fleet != fleet)
    return bad(member.account + " came as a " + std::string(text(member.kind)) + " of fleet " + std::string(fleet) +
                   " by a code for a " + std::string(text(code->place().kind)) + " of fleet " + code->place().fleet,
               next);
  return {};
}

run::Result<bool> isToRenew(const MemberInfo& member, const run::PublicKey& owner, std::chrono::seconds lifetime,
                            WallTime now) {
  // One whose time is over is renewed, too: a clock that is not set does not judge that.
  const auto sound = member.statement->check(owner, member.account, member.key, WallTime());
  if (!sound) return sound.error();
  // What is renewed says what the old one said, not what the relay makes of it.
  if (member.statement->kind != member.kind)
    return bad("the relay tells that " + member.account + " is a " + std::string(text(member.kind)) +
                   "; the fleet's owner has signed that it is a " + std::string(text(member.statement->kind)),
               "do not trust this server; ask who runs it");
  return member.statement->ends - now <= lifetime / 2;
}

}  // namespace beckon::fleet
