#include "policy/policy.hpp"

#include <algorithm>
#include <set>

namespace beckon::policy {

Policy::Policy(std::vector<Rule> rules, std::map<std::string, std::vector<PrincipalPattern>, std::less<>> roles,
               std::string version, std::vector<Lease> leases)
    : rules_(std::move(rules)), roles_(std::move(roles)), version_(std::move(version)), leases_(std::move(leases)) {}

std::shared_ptr<const Policy> Policy::ofAccounts(const std::vector<std::string>& accounts) {
  Rule rule{.name = "access.principals", .who = {}, .may = Verbs::usual(), .on = {}, .except = {}, .limits = {}};
  rule.on.push_back(MemberPattern::parse("*").value());
  for (const auto& account : accounts)
    if (auto pattern = PrincipalPattern::parse(account)) rule.who.push_back(std::move(*pattern));
  std::vector<Rule> rules;
  if (!rule.who.empty()) rules.push_back(std::move(rule));
  return std::make_shared<const Policy>(std::move(rules), decltype(roles_)(), std::string());
}

bool Policy::isFor(const Rule& rule, std::string_view principal, const std::vector<std::string>& roles) const {
  const auto matches = [&](const PrincipalPattern& pattern) { return pattern.matches(principal); };
  return std::ranges::any_of(rule.who, [&](const PrincipalPattern& pattern) {
    if (pattern.what() != PrincipalPattern::What::role) return pattern.matches(principal);
    if (std::ranges::find(roles, pattern.text()) != roles.end()) return true;
    const auto role = roles_.find(pattern.text());
    return role != roles_.end() && std::ranges::any_of(role->second, matches);
  });
}

std::vector<std::string> Policy::accounts() const {
  std::set<std::string> out;
  const auto note = [&](const PrincipalPattern& pattern) {
    if (pattern.what() == PrincipalPattern::What::account && pattern.isOne()) out.insert(pattern.text());
  };
  for (const auto& rule : rules_)
    for (const auto& pattern : rule.who) {
      note(pattern);
      if (const auto role = roles_.find(pattern.text());
          pattern.what() == PrincipalPattern::What::role && role != roles_.end())
        std::ranges::for_each(role->second, note);
    }
  return {out.begin(), out.end()};
}

run::Result<std::shared_ptr<const Policy>> Policy::parse(std::string_view toml, std::string_view file) {
  auto reading = read(toml);
  if (reading.faults.empty()) return std::move(reading.policy);
  const auto& first = reading.faults.front();
  auto cause = std::string(file) + ", line " + std::to_string(first.line) + ", column " + std::to_string(first.column) +
               ": " + first.cause;
  if (const auto more = reading.faults.size() - 1; more > 0)
    cause += " (and " + std::to_string(more) + " more: beckon policy check tells all)";
  return run::Error{run::Code::invalidConfig, std::move(cause), first.nextStep};
}

}  // namespace beckon::policy
