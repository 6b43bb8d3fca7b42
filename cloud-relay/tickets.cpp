#include "cloud-relay/tickets.hpp"

#include <algorithm>

namespace beckon::relay {

using run::Code;
using run::Error;
using run::Result;

Result<std::string> Tickets::open(const Session& session, Time now) {
  auto key = session.hash();
  const auto account = session.requester.bare().text();
  const auto ofRequester = static_cast<std::size_t>(
      std::count_if(tickets_.begin(), tickets_.end(), [&](const auto& of) { return of.second.requester == account; }));
  if (ofRequester >= limits_.ofRequester)
    return Error{Code::overloaded,
                 account + " has " + std::to_string(ofRequester) + " streams and tickets open, and may have " +
                     std::to_string(limits_.ofRequester),
                 "end some, or ask who runs the relay for more: bytestreams.streams"};
  if (tickets_.size() >= limits_.inAll)
    return Error{Code::overloaded, "the relay has " + std::to_string(tickets_.size()) + " streams open, and no room",
                 "try again later, or use another relay"};
  const Ticket ticket{.session = session,
                      .requester = account,
                      .target = session.target.bare().text(),
                      .ends = now + lifetime,
                      .admitted = 0,
                      .isActive = false};
  if (!tickets_.try_emplace(key, ticket).second)
    return Error{Code::invalidArgument, "there is a ticket of that sid already", "take a random sid for each stream"};
  return key;
}

bool Tickets::admit(const std::string& key, Time now) {
  const auto found = tickets_.find(key);
  if (found == tickets_.end() || found->second.isOver(now) || found->second.admitted == 2) return false;
  ++found->second.admitted;
  return true;
}

Result<std::string> Tickets::activate(const Session& session, Time now) {
  auto key = session.hash();
  const auto found = tickets_.find(key);
  if (found == tickets_.end() || found->second.isOver(now) || found->second.session.requester != session.requester ||
      found->second.session.target != session.target)
    return Error{Code::invalidArgument, "there is no open ticket for that stream",
                 "ask for a ticket, and activate it within " + std::to_string(lifetime.count()) + " s"};
  if (found->second.isActive) return Error{Code::invalidArgument, "that stream is active already", "do so once"};
  if (found->second.admitted < 2)
    return Error{Code::invalidArgument, "not both ends of that stream have connected to the relay",
                 "connect, and wait for the other end's answer"};
  found->second.isActive = true;
  return key;
}

std::set<std::string> Tickets::accounts() const {
  std::set<std::string> out;
  for (const auto& [key, ticket] : tickets_) {
    out.insert(ticket.requester);
    out.insert(ticket.target);
  }
  return out;
}

template <class Which>
std::vector<std::string> Tickets::endThose(Which which) {
  std::vector<std::string> out;
  for (const auto& [key, ticket] : tickets_)
    if (which(ticket)) out.push_back(key);
  for (const auto& key : out) tickets_.erase(key);
  return out;
}

std::vector<std::string> Tickets::endOf(const std::string& account) {
  return endThose([&](const Ticket& ticket) { return ticket.requester == account || ticket.target == account; });
}

std::vector<std::string> Tickets::endLate(Time now) {
  return endThose([&](const Ticket& ticket) { return ticket.isOver(now); });
}

}  // namespace beckon::relay
