#include "apps/cli/policy.hpp"

#include "apps/account.hpp"
#include "apps/report.hpp"
#include "policy/authority.hpp"
#include "policy/quantities.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

namespace beckon::cli {

using nlohmann::ordered_json;
using policy::Policy;
using policy::Rule;
using run::Code;
using run::Error;
using run::Result;

namespace {

std::string at(const PolicyCommand& command, const policy::Fault& fault) {
  return command.file.string() + ", line " + std::to_string(fault.line) + ", column " + std::to_string(fault.column) +
         ": " + fault.cause;
}

ordered_json inJson(const std::vector<policy::Fault>& faults) {
  auto out = ordered_json::array();
  for (const auto& [line, column, cause, next] : faults)
    out.push_back({{"line", line}, {"column", column}, {"cause", cause}, {"next", next}});
  return out;
}

void printJson(const ordered_json& json) {
  std::cout << json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) << std::endl;
}

// Prints all faults but the last, which is the error.
Result<policy::Reading> read(const PolicyCommand& command) {
  std::ifstream file(command.file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    return Error{Code::invalidConfig, "cannot read " + command.file.string(), "name a policy file that you may read"};
  auto reading = Policy::read(text);
  if (reading.policy) return reading;
  if (command.json) printJson({{"file", command.file.string()}, {"faults", inJson(reading.faults)}});
  const auto last = std::move(reading.faults.back());
  reading.faults.pop_back();
  if (!command.json)
    for (const auto& fault : reading.faults) apps::report({Code::invalidConfig, at(command, fault), fault.nextStep});
  return Error{Code::invalidConfig, at(command, last), last.nextStep};
}

template <class Items, class Text>
std::vector<std::string> texts(const Items& items, Text text) {
  std::vector<std::string> out;
  for (const auto& item : items) out.push_back(std::invoke(text, item));
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::vector<std::string> verbs(const Rule& rule) {
  std::vector<std::string> out;
  for (const auto verb : policy::everyVerb)
    if (rule.may.has(verb)) out.emplace_back(text(verb));
  return out;
}

std::string door(const Rule& rule) { return rule.door == policy::Door::iq ? "any" : std::string(text(rule.door)); }

// What a rule asks for, as a file has it; absent ones are left out.
ordered_json limits(const policy::Limits& limits) {
  ordered_json out = ordered_json::object();
  if (limits.rate) out["rate"] = text(*limits.rate);
  if (limits.payload) out["payload"] = *limits.payload;
  if (limits.deadline) out["deadline"] = limits.deadline->count();
  if (!limits.times.empty()) out["times"] = texts(limits.times, &policy::TimeWindow::text);
  if (limits.logsArguments) out["audit"] = "arguments";
  return out;
}

std::string limitsText(const policy::Limits& limits) {
  std::string out;
  if (limits.rate) out += "; at most " + text(*limits.rate);
  if (limits.payload) out += "; arguments of " + std::to_string(*limits.payload) + " bytes at most";
  if (limits.deadline) out += "; " + std::to_string(limits.deadline->count()) + " ms at most";
  if (!limits.times.empty()) out += "; " + joined(texts(limits.times, &policy::TimeWindow::text));
  if (limits.logsArguments) out += "; arguments are recorded";
  return out;
}

Result<> check(const PolicyCommand& command) {
  const auto reading = read(command);
  if (!reading) return reading.error();
  const auto& rules = reading->policy->rules();
  if (command.json) {
    printJson({{"file", command.file.string()},
               {"version", reading->policy->version()},
               {"rules", rules.size()},
               {"remarks", inJson(reading->remarks)}});
    return {};
  }
  std::cout << command.file.string() << " is right: version " << reading->policy->version() << ", " << rules.size()
            << (rules.size() == 1 ? " rule\n" : " rules\n");
  for (const auto& remark : reading->remarks) std::cout << at(command, remark) << "\n";
  return {};
}

Result<> show(const PolicyCommand& command) {
  const auto reading = read(command);
  if (!reading) return reading.error();
  const auto& shown = *reading->policy;
  const auto who = [](const auto& patterns) { return texts(patterns, &policy::PrincipalPattern::written); };
  const auto on = [](const auto& patterns) { return texts(patterns, &policy::MemberPattern::written); };
  if (command.json) {
    ordered_json roles = ordered_json::object(), rules = ordered_json::array();
    for (const auto& [name, members] : shown.roles()) roles[name] = who(members);
    for (const auto& rule : shown.rules())
      rules.push_back({{"name", rule.name},
                       {"who", who(rule.who)},
                       {"may", verbs(rule)},
                       {"on", on(rule.on)},
                       {"except", on(rule.except)},
                       {"door", door(rule)},
                       {"limits", limits(rule.limits)}});
    auto leases = ordered_json::array();
    for (const auto& lease : shown.leases())
      leases.push_back({{"name", lease.name},
                        {"on", on(lease.on)},
                        {"heartbeat", lease.heartbeat.count()},
                        {"lapse", lease.lapse.count()},
                        {"longest", lease.longest.count()},
                        {"stop", texts(lease.stop, &policy::Lease::Stop::written)}});
    printJson({{"version", shown.version()}, {"roles", roles}, {"rules", rules}, {"leases", leases}});
    return {};
  }
  std::cout << "version " << shown.version() << "\n";
  for (const auto& [name, members] : shown.roles())
    std::cout << "role " << name << ": " << (members.empty() ? "tokens" : joined(who(members))) << "\n";
  for (const auto& lease : shown.leases())
    std::cout << "lease \"" << lease.name << "\": " << joined(on(lease.on)) << "; a heartbeat each "
              << lease.heartbeat.count() << " ms, lapses after " << lease.lapse.count() << " ms, expires after "
              << lease.longest.count() / 1000 << " s; stops by "
              << joined(texts(lease.stop, &policy::Lease::Stop::written)) << "\n";
  for (const auto& rule : shown.rules()) {
    std::cout << "rule \"" << rule.name << "\": " << joined(who(rule.who)) << " may " << joined(verbs(rule)) << " on "
              << joined(on(rule.on));
    if (!rule.except.empty()) std::cout << " except " << joined(on(rule.except));
    std::cout << "; door " << door(rule) << limitsText(rule.limits) << "\n";
  }
  return {};
}

struct Wish {
  policy::Verb verb;
  std::string service, member;
};
Result<Wish> wishOf(const PolicyCommand& command) {
  std::string words;
  for (const auto& word : command.what) words += (words.empty() ? "" : " ") + word;
  const Error wrong{Code::invalidArgument, "\"" + words + "\" is nothing that somebody may do",
                    "write for example call Motion.moveTo, list Motion, or register Lamp"};
  const auto space = words.find(' ');
  const auto verb = policy::verbOf(words.substr(0, space));
  if (!verb || (space == words.npos && *verb != policy::Verb::list)) return wrong;
  Wish out{*verb, space == words.npos ? "" : words.substr(space + 1), {}};
  if (*verb == policy::Verb::list || *verb == policy::Verb::provide) return out;
  // A full name, "say::(s)", may hold dots behind the colons.
  const auto dot = out.service.rfind('.', out.service.find("::"));
  if (dot == out.service.npos || dot == 0 || dot + 1 == out.service.size()) return wrong;
  out.member = out.service.substr(dot + 1);
  out.service.erase(dot);
  return out;
}

Result<> explain(const PolicyCommand& command) {
  const auto wish = wishOf(command);
  if (!wish) return wish.error();
  const auto door = policy::doorOf(command.door);
  const auto who = policy::PrincipalPattern::parse(command.who);
  if (!door || !who || !who->isOne())
    return Error{Code::invalidArgument,
                 !door ? "there is no door \"" + command.door + "\"" : "\"" + command.who + "\" is not one principal",
                 !door ? "write iq, lan or link" : "write alice@example.org, token:NAME or key:SHA256:HEX"};
  const auto reading = read(command);
  if (!reading) return reading.error();
  policy::View view(reading->policy, {who->text(), command.roles, *door}, nullptr, policy::Clock::real());
  const policy::Act act{wish->verb, wish->service, wish->member, command.payload};
  const auto decision = view.decide(act);
  const auto why = view.explain(act, decision);
  if (!decision)
    return Error{decision.isVisible ? policy::toError(act, decision).code : Code::refused, why,
                 decision.isVisible ? "it is told so" : "it is answered as if there were no such thing"};
  if (command.json)
    printJson({{"allowed", true},
               {"rule", decision.ruleName()},
               {"version", reading->policy->version()},
               {"explanation", why},
               {"limits", limits(decision.rule->limits)}});
  else
    std::cout << why << limitsText(decision.rule->limits) << std::endl;
  return {};
}

Result<> migrate(const PolicyCommand& command) {
  auto file = run::ConfigFile::open(command.file);
  if (!file) return file.error();
  const auto accounts = apps::readJids(*file, "access.principals");
  if (const auto read = file->finishPart(); !read) return read.error();
  std::string toml =
      "# Who may do what (docs/configuration.md, \"The policy\"). Write this into policy.toml, and in\n# " +
      command.file.filename().string() + " replace [access] by: [policy] file = \"policy.toml\"\n";
  // No account has a quote or a backslash that would need one here: it is in single quotes.
  if (!accounts.empty()) {
    toml += "[[rule]]\nname = \"access.principals\"\nwho = [\n";
    for (const auto& account : accounts) toml += "  '" + account.text() + "',\n";
    toml += "]\nmay = \"*\"\non = \"*\"\n";
  }
  if (command.json)
    printJson({{"policy", toml}});
  else
    std::cout << toml << std::flush;
  return {};
}

}  // namespace

Result<> policy(const PolicyCommand& command) {
  using enum PolicyCommand::Verb;
  switch (command.verb) {
    case check:
      return cli::check(command);
    case show:
      return cli::show(command);
    case explain:
      return cli::explain(command);
    case migrate:
      return cli::migrate(command);
  }
  return {};
}

}  // namespace beckon::cli
