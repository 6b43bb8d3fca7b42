#include "cloud-relay/liveness.hpp"

#include <algorithm>

namespace beckon::relay {

void Liveness::listen(Time now) {
  listeningSince_ = now;
  for (auto& [account, robot] : robots_) robot = {.address = {}, .heard = robot.heard, .asked = {}};
}

void Liveness::heard(const xmpp::Jid& address, Time now) {
  robots_[address.bare().text()] = {.address = address, .heard = now, .asked = {}};
}

Liveness::Robot* Liveness::askedAt(const xmpp::Jid& address) {
  const auto found = robots_.find(address.bare().text());
  return found == robots_.end() || !found->second.asked || found->second.address != address ? nullptr : &found->second;
}

void Liveness::answered(const xmpp::Jid& address, Time now) {
  if (askedAt(address)) heard(address, now);
}

void Liveness::missing(const xmpp::Jid& address) {
  auto* robot = askedAt(address);
  if (!robot) return;
  robot->address.reset();
  robot->isMissing = true;
}

std::optional<xmpp::Jid> Liveness::question(const std::string& account, Time now) {
  const auto jid = xmpp::Jid::parse(account);
  if (!jid) return {};
  auto& robot = robots_[account];
  if (robot.heard && *robot.heard >= listeningSince_ && now - *robot.heard < freshness_) return {};
  if (robot.asked && now - *robot.asked < again) return {};
  // One that is there would have said where it is.
  if (robot.asked && !robot.address) robot.isMissing = true;
  robot.asked = now;
  return robot.address.value_or(*jid);
}

void Liveness::passedOn(const std::string& account, Time now) {
  if (const auto found = robots_.find(account); found != robots_.end() && found->second.asked)
    found->second.asked = now;
}

std::optional<Liveness::Time> Liveness::awaitedUntil(const std::string& account, Time now) const {
  const auto found = robots_.find(account);
  if (found == robots_.end() || found->second.isMissing || !found->second.asked) return {};
  const auto end = *found->second.asked + patience;
  return now < end ? std::optional(end) : std::nullopt;
}

std::chrono::milliseconds Liveness::silence(const std::string& account, Time now) const {
  const auto found = robots_.find(account);
  const auto heard = found == robots_.end() ? std::nullopt : found->second.heard;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      now - std::max(heard.value_or(listeningSince_), listeningSince_));
}

}  // namespace beckon::relay
