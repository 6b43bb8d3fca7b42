#include "cloud-relay/askers.hpp"

#include "policy/token.hpp"

namespace beckon::relay {

using run::Code;
using run::Error;
using run::Result;

std::optional<Member> Askers::find(const xmpp::IqRequest& request, const xmpp::IqReply& reply) const {
  const auto refuse = [&](const Error& error) {
    reply.error(error);
    return std::nullopt;
  };
  auto found = store_.member(request.from.bare().text());
  if (!found) return refuse(found.error());
  if (!*found) {
    reply.error(xmpp::serviceUnavailable);
    return std::nullopt;
  }
  if (const auto kept = confirm(**found); !kept) return refuse(kept.error());
  return **found;
}

Result<> Askers::confirm(Member& member) const {
  if (registrar_.isBeingChanged(member.account))
    return Error{Code::overloaded, member.account + " is just being changed", "try again in a moment"};
  if (member.confirmed) return {};
  const auto now = policy::wallClock();
  if (const auto kept = store_.confirm(member.id, now); !kept) return kept;
  member.confirmed = now;
  return {};
}

}  // namespace beckon::relay
