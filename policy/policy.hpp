#pragma once

#include "policy/lease.hpp"
#include "policy/rule.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::policy {

// Something about a policy file that its writer should know.
struct Fault {
  std::size_t line = 0, column = 0;  // from 1; zero: of the file as a whole
  std::string cause, nextStep;
};

struct Reading;

// Who may do what: one version of it, which never changes (docs/configuration.md, "The policy"). Default: nobody
// anything. May be used by several threads.
class Policy {
 public:
  Policy() = default;  // grants nothing
  Policy(std::vector<Rule> rules, std::map<std::string, std::vector<PrincipalPattern>, std::less<>> roles,
         std::string version, std::vector<Lease> leases = {});

  // Checked as a whole: either everything in it is right, or there is no policy and every fault is told.
  static Reading read(std::string_view toml);
  // The same for who only goes on or not: the error invalidConfig begins with `file`, line and column of the first
  // fault and says how many more there are.
  static run::Result<std::shared_ptr<const Policy>> parse(std::string_view toml, std::string_view file);
  // What the list of accounts meant that was there before policies: each of them may do everything by every door, but
  // register nothing. The rule is called "access.principals".
  static std::shared_ptr<const Policy> ofAccounts(const std::vector<std::string>& accounts);

  const std::vector<Rule>& rules() const { return rules_; }
  const std::map<std::string, std::vector<PrincipalPattern>, std::less<>>& roles() const { return roles_; }
  bool hasRole(std::string_view name) const { return roles_.find(name) != roles_.end(); }
  // Whether the rule is for this principal, who may have the roles of a credential besides those that the file gives.
  bool isFor(const Rule& rule, std::string_view principal, const std::vector<std::string>& roles) const;
  // Control leases; no member is covered by two.
  const std::vector<Lease>& leases() const { return leases_; }
  // The first 12 hex digits of the SHA-256 of the text it was read from; empty for one that was not read.
  const std::string& version() const { return version_; }
  // The accounts that rules name, without patterns, sorted: whom a robot shows its presence.
  std::vector<std::string> accounts() const;

 private:
  std::vector<Rule> rules_;
  std::map<std::string, std::vector<PrincipalPattern>, std::less<>> roles_;
  std::string version_;
  std::vector<Lease> leases_;
};

// What came of reading a file.
struct Reading {
  std::shared_ptr<const Policy> policy;  // null if there are faults
  std::vector<Fault> faults;             // in the order of the file
  std::vector<Fault> remarks;            // what is allowed, but should be known: a rule for everybody
};

}  // namespace beckon::policy
