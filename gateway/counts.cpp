#include "gateway/counts.hpp"

namespace beckon::gateway {

using policy::audit::Entry;
using policy::audit::Outcome;
using policy::audit::What;

void Counts::count(const Entry& entry) {
  switch (entry.what) {
    case What::call:
    case What::post:
    case What::get:
    case What::set:
    case What::watch:
    case What::provide:
    case What::list:
      return requested(entry);
    case What::enter:
      metrics_
          .counter("beckon_entries", "Whoever came to a door, by what became of it.",
                   {{"door", std::string(entry.door)},
                    {"outcome", entry.outcome == Outcome::refused ? "turned_away" : "let_in"}})
          .add();
      return;
    case What::lease:
      metrics_.counter("beckon_lease_events", "What became of leases of control.", {{"event", std::string(entry.note)}})
          .add();
      return;
    case What::unwatch:
    case What::leave:
    case What::policy:
    case What::token:
    case What::start:
    case What::torn:
    case What::removed:
    case What::lost:
    case What::more:
      return;
  }
}

void Counts::requested(const Entry& entry) {
  if (entry.outcome == Outcome::refused) {
    metrics_
        .counter("beckon_refusals", "Requests that were refused, by what decided.",
                 {{"door", std::string(entry.door)}, {"why", std::string(entry.why)}})
        .add();
    return;
  }
  auto& counted = member(entry);
  auto*& counter = counted.outcomes[static_cast<std::size_t>(entry.outcome)];
  if (!counter)
    counter = &metrics_.counter("beckon_requests", "Requests from outside that were let through.",
                                {{"door", counted.door},
                                 {"verb", counted.verb},
                                 {"service", counted.service},
                                 {"member", counted.member},
                                 {"outcome", std::string(policy::audit::text(entry.outcome))}});
  counter->add();
  if (!entry.took) return;
  if (!counted.times)
    counted.times = &metrics_.histogram("beckon_request_seconds", "From the request at the door to its answer.",
                                        {{"service", counted.service}, {"member", counted.member}});
  counted.times->observe(*entry.took);
}

Counts::Member& Counts::member(const Entry& entry) {
  key_.clear();
  for (const auto part : {entry.door, policy::audit::text(entry.what), entry.service, entry.member}) {
    key_ += part;
    key_ += '\0';
  }
  if (const auto found = members_.find(key_); found != members_.end()) return found->second;
  // Under a rule for everything the names of a request that failed may be anything.
  if (members_.size() >= run::Metrics::mostSeries)
    return members_.try_emplace({}, Member{"other", "other", "other", "other", {}, nullptr}).first->second;
  return members_
      .emplace(key_, Member{std::string(entry.door),
                            std::string(policy::audit::text(entry.what)),
                            std::string(entry.service),
                            std::string(entry.member),
                            {},
                            nullptr})
      .first->second;
}

}  // namespace beckon::gateway
