#include "gateway/repeats.hpp"

#include <utility>

namespace beckon::gateway {
namespace {

std::size_t sizeOf(const Repeats::Outcome& outcome) {
  return outcome ? outcome->text.size() : outcome.error().cause.size() + outcome.error().nextStep.size();
}

}  // namespace

void Repeats::erase(Account& account, const std::string& id) {
  const auto found = account.requests.find(id);
  if (found == account.requests.end() || !found->second.isFinished) return;
  account.bytes -= found->second.bytes;
  account.requests.erase(found);
}

Repeats::Account& Repeats::cleaned(const std::string& name, Time now) {
  auto& account = accounts_[name];
  while (!account.finished.empty() && account.finished.front().first + memory <= now) {
    erase(account, account.finished.front().second);
    account.finished.pop_front();
  }
  return account;
}

bool Repeats::knows(const std::string& account, const std::string& id) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() && found->second.requests.contains(id);
}

bool Repeats::join(const std::string& name, const std::string& id, Time now, const Waiter& waiter) {
  auto& account = cleaned(name, now);
  const auto found = account.requests.find(id);
  if (found == account.requests.end()) return false;
  auto& request = found->second;
  if (!request.isFinished)
    request.waiters.push_back(waiter);
  else if (const auto outcome = request.outcome)
    waiter(*outcome);
  else
    waiter(run::Error{run::Code::tooLate, "the request was carried out, but its answer is no longer kept",
                      "look at what it changed before you ask again"});
  return true;
}

bool Repeats::begin(const std::string& name, const std::string& id, Time now, Waiter waiter) {
  auto& account = cleaned(name, now);
  if (account.requests.size() >= mostIds) return false;
  account.requests[id].waiters.push_back(std::move(waiter));
  return true;
}

void Repeats::finish(const std::string& name, const std::string& id, Time now, Outcome outcome) {
  auto& account = cleaned(name, now);
  const auto found = account.requests.find(id);
  if (found == account.requests.end() || found->second.isFinished) return;
  auto& request = found->second;
  request.isFinished = true;
  const auto kept = std::make_shared<const Outcome>(std::move(outcome));
  const auto bytes = sizeOf(*kept);
  if (bytes <= largestOutcome && account.bytes + bytes <= mostBytes) {
    request.outcome = kept;
    request.bytes = bytes;
    account.bytes += bytes;
  }
  account.finished.emplace_back(now, id);
  for (const auto& waiter : std::exchange(request.waiters, {})) waiter(*kept);
}

void Repeats::forget(const std::string& name, const std::vector<std::string>& ids) {
  const auto account = accounts_.find(name);
  if (account == accounts_.end()) return;
  for (const auto& id : ids) erase(account->second, id);
}

}  // namespace beckon::gateway
