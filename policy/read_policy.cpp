#include "policy/policy.hpp"
#include "policy/quantities.hpp"

#include <openssl/evp.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace beckon::policy {
namespace {

constexpr const char* see = "docs/configuration.md, \"The policy\", lists every key";
constexpr std::size_t longestRuleName = 64;

bool isName(std::string_view text) {
  return !text.empty() && text.size() <= longestRuleName &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '"'; });
}

std::string versionOf(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string out;
  for (std::size_t i = 0; i < 6; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 15];
  }
  return out;
}

// One pass over a file. What is wrong is noted, and reading goes on, so that all of it is told.
class Reader {
 public:
  Reading read(std::string_view text) {
    toml::table file;
    try {
      file = toml::parse(text);
    } catch (const toml::parse_error& error) {
      fault(error.source(), std::string(error.description()), "correct the line");
      return std::move(out_);
    }
    for (const auto& [key, node] : file)
      if (key != "schema" && key != "roles" && key != "leases" && key != "rule") unknown(key);
    if (const auto* schema = file.get("schema"); schema && schema->value<std::int64_t>() != 1)
      fault(schema->source(), "\"schema\" must be 1", "this program knows no other; leave it out, or write 1");
    if (const auto* roles = file.get("roles")) readRoles(*roles);
    if (const auto* leases = file.get("leases")) readLeases(*leases);
    if (const auto* rules = file.get("rule")) readRules(*rules);
    for (const auto& [name, where] : unusedRoles_) remark(where, "role \"" + name + "\" is used by no rule");
    const auto byPlace = [](const Fault& a, const Fault& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    };
    std::ranges::stable_sort(out_.faults, byPlace);
    std::ranges::stable_sort(out_.remarks, byPlace);
    if (out_.faults.empty())
      out_.policy =
          std::make_shared<const Policy>(std::move(rules_), std::move(roles_), versionOf(text), std::move(leases_));
    return std::move(out_);
  }

 private:
  using Where = toml::source_region;

  static Fault at(const Where& where, std::string cause, std::string nextStep) {
    return {where.begin.line, where.begin.column, std::move(cause), std::move(nextStep)};
  }
  void fault(const Where& where, std::string cause, std::string nextStep = see) {
    out_.faults.push_back(at(where, std::move(cause), std::move(nextStep)));
  }
  void remark(const Where& where, std::string cause) { out_.remarks.push_back(at(where, std::move(cause), {})); }
  void unknown(const toml::key& key) {
    fault(key.source(), "\"" + std::string(key.str()) + "\" is not a key that is known here");
  }

  // A text, or a list of some, each with its place.
  std::vector<std::pair<std::string, Where>> texts(const toml::node& node, std::string_view key) {
    std::vector<std::pair<std::string, Where>> out;
    const auto wrong = [&](const toml::node& which) {
      fault(which.source(), "\"" + std::string(key) + "\" must be a text or a list of texts");
    };
    if (const auto* one = node.as_string()) {
      out.emplace_back(one->get(), node.source());
    } else if (const auto* list = node.as_array()) {
      for (const auto& item : *list) {
        if (const auto* text = item.as_string())
          out.emplace_back(text->get(), item.source());
        else
          wrong(item);
      }
    } else {
      wrong(node);
    }
    return out;
  }
  template <class Pattern>
  std::optional<Pattern> pattern(const std::string& text, const Where& where) {
    auto parsed = Pattern::parse(text);
    if (parsed) return std::move(*parsed);
    fault(where, parsed.error().cause, parsed.error().nextStep);
    return std::nullopt;
  }

  void readRoles(const toml::node& node) {
    const auto* table = node.as_table();
    if (!table) return fault(node.source(), "\"roles\" must be a table", "write [roles] and below it NAME = [...]");
    for (const auto& [key, members] : *table) {
      const std::string name(key.str());
      if (!PrincipalPattern::parse("role:" + name)) fault(key.source(), "\"" + name + "\" is not the name of a role");
      auto& role = roles_[name];
      unusedRoles_.emplace(name, key.source());
      for (const auto& [text, where] : texts(members, name)) {
        auto who = pattern<PrincipalPattern>(text, where);
        if (!who) continue;
        if (who->what() == PrincipalPattern::What::role)
          fault(where, "a role has no roles in it", "name the accounts, tokens or keys");
        else
          role.push_back(std::move(*who));
        if (text == "*") remark(where, "everybody has the role \"" + name + "\"");
      }
    }
  }

  void readLeases(const toml::node& node) {
    const auto* table = node.as_table();
    const char* form = "write [leases.NAME] and below it on = [...] and stop = [...]";
    if (!table) return fault(node.source(), "\"leases\" must be a table of tables", form);
    for (const auto& [key, each] : *table) {
      const std::string name(key.str());
      if (!isName(name)) fault(key.source(), "the name of a control lease has 1 to 64 bytes, without quotes");
      if (const auto* one = each.as_table())
        readLease(name, *one, key.source());
      else
        fault(each.source(), "\"" + name + "\" must be a table", form);
    }
  }

  void readLease(const std::string& name, const toml::table& table, const Where& where) {
    Lease lease;
    lease.name = name;
    std::set<std::string_view> missing{"on", "stop"};
    const auto time = [&](std::chrono::milliseconds& into, const toml::key& key, const toml::node& node) {
      std::optional<std::chrono::milliseconds> read;
      readQuantity(read, durationOf, key.str(), node, "\"500 ms\", \"2 s\" or \"10 min\"");
      into = read.value_or(into);
    };
    for (const auto& [key, node] : table) {
      missing.erase(key.str());
      if (key == "on") {
        readPatterns(lease.on, "on", node);
      } else if (key == "stop") {
        const auto given = texts(node, "stop");
        if (given.empty() && node.is_array()) fault(node.source(), "\"stop\" names nothing");
        for (const auto& [text, place] : given)
          if (auto stop = pattern<Lease::Stop>(text, place)) lease.stop.push_back(std::move(*stop));
      } else if (key == "heartbeat") {
        time(lease.heartbeat, key, node);
      } else if (key == "lapse") {
        time(lease.lapse, key, node);
      } else if (key == "longest") {
        time(lease.longest, key, node);
      } else {
        unknown(key);
      }
    }
    for (const auto key : missing) fault(where, "the control lease has no \"" + std::string(key) + "\"");
    const auto at = [&](const char* key) { return table.get(key) ? table.get(key)->source() : where; };
    if (lease.heartbeat >= lease.lapse)
      fault(at("lapse"), "\"lapse\" must be longer than \"heartbeat\"",
            "let some heartbeats be lost: the usual lapse is 2 s with one each 500 ms");
    if (lease.lapse > lease.longest) fault(at("longest"), "\"longest\" must not be shorter than \"lapse\"");
    for (const auto& other : leases_)
      if (lease.meets(other))
        fault(at("on"), "\"" + name + "\" covers members that \"" + other.name + "\" covers, too",
              "let one control lease cover each member");
    leases_.push_back(std::move(lease));
  }

  void readRules(const toml::node& node) {
    const auto* rules = node.as_array();
    const char* form = "write each rule below a line [[rule]]";
    if (!rules) return fault(node.source(), "\"rule\" must be a list of tables", form);
    for (const auto& each : *rules) {
      if (const auto* table = each.as_table())
        readRule(*table);
      else
        fault(each.source(), "\"rule\" must be a list of tables", form);
    }
  }

  void readRule(const toml::table& table) {
    Rule rule;
    std::set<std::string_view> missing{"name", "who", "may", "on"};
    for (const auto& [key, node] : table) {
      missing.erase(key.str());
      if (!readKey(rule, key.str(), node)) unknown(key);
    }
    for (const auto key : missing) fault(table.source(), "the rule has no \"" + std::string(key) + "\"");
    const bool isPartial = !std::ranges::all_of(rule.on, &MemberPattern::isWholeService);
    if (isPartial && (rule.may.has(Verb::provide) || rule.may == Verbs(Verb::list)))
      fault(table.get("on") ? table.get("on")->source() : table.source(),
            "\"list\" and \"register\" are about whole services", "name the service without a member");
    rules_.push_back(std::move(rule));
  }

  bool readKey(Rule& rule, std::string_view key, const toml::node& node) {
    if (key == "name") return readName(rule, node), true;
    if (key == "who") return readWho(rule, node), true;
    if (key == "may") return readMay(rule, node), true;
    if (key == "on" || key == "except") {
      readPatterns(key == "on" ? rule.on : rule.except, key, node);
      return true;
    }
    if (key == "times") {
      const auto given = texts(node, key);
      if (given.empty() && node.is_array()) fault(node.source(), "\"times\" names no time", "leave it out for always");
      for (const auto& [text, where] : given)
        if (auto window = pattern<TimeWindow>(text, where)) rule.limits.times.push_back(*window);
      return true;
    }
    if (key == "door") return readDoor(rule, node), true;
    if (key == "rate")
      return readQuantity(rule.limits.rate, rateOf, key, node, "\"20/s\", \"100/min\" or \"5/h\""), true;
    if (key == "payload")
      return readQuantity(rule.limits.payload, sizeOf, key, node, "\"500 B\", \"64 KiB\" or \"1 MiB\""), true;
    if (key == "deadline")
      return readQuantity(rule.limits.deadline, durationOf, key, node, "\"500 ms\", \"5 s\" or \"2 min\""), true;
    if (key == "audit") {
      if (node.value<std::string_view>() != "arguments")
        fault(node.source(), "\"audit\" must be \"arguments\"", "leave it out if the arguments are not to be recorded");
      rule.limits.logsArguments = true;
      return true;
    }
    return false;
  }

  void readPatterns(std::vector<MemberPattern>& into, std::string_view key, const toml::node& node) {
    const auto given = texts(node, key);
    if (given.empty() && node.is_array()) fault(node.source(), "\"" + std::string(key) + "\" names nothing");
    for (const auto& [text, where] : given)
      if (auto what = pattern<MemberPattern>(text, where)) into.push_back(std::move(*what));
  }

  void readName(Rule& rule, const toml::node& node) {
    rule.name = node.value_or(std::string());
    if (!isName(rule.name))
      fault(node.source(), "\"name\" must be a text of 1 to 64 bytes, without quotes");
    else if (!names_.insert(rule.name).second)
      fault(node.source(), "there is another rule \"" + rule.name + "\"", "give each rule a name of its own");
  }

  void readWho(Rule& rule, const toml::node& node) {
    const auto given = texts(node, "who");
    if (given.empty() && node.is_array()) fault(node.source(), "\"who\" names nobody");
    for (const auto& [text, where] : given) {
      auto who = pattern<PrincipalPattern>(text, where);
      if (!who) continue;
      if (who->what() == PrincipalPattern::What::everybody) remark(where, "this rule is for everybody");
      if (who->what() == PrincipalPattern::What::role && !roles_.contains(who->text()))
        fault(where, "there is no role \"" + who->text() + "\"",
              "write it below [roles]; a role that tokens alone have is an empty list there");
      if (who->what() == PrincipalPattern::What::role) unusedRoles_.erase(who->text());
      rule.who.push_back(std::move(*who));
    }
  }

  void readMay(Rule& rule, const toml::node& node) {
    const auto given = texts(node, "may");
    if (given.empty() && node.is_array()) fault(node.source(), "\"may\" names nothing");
    for (const auto& [text, where] : given) {
      if (text == "*")
        rule.may.add(Verbs::usual());
      else if (const auto verb = verbOf(text))
        rule.may.add(Verbs(*verb));
      else
        fault(where, "\"" + text + "\" is nothing that somebody may do",
              "write list, call, post, get, set, watch, register, or * for all of them but register");
    }
  }

  void readDoor(Rule& rule, const toml::node& node) {
    const auto text = node.value_or(std::string());
    const auto door = doorOf(text);
    if (text == "any")
      rule.door = Door::iq;
    else if (door && *door != Door::iq)
      rule.door = *door;
    else
      fault(node.source(), "\"door\" must be \"any\", \"lan\" or \"link\"");
  }

  template <class Quantity>
  void readQuantity(std::optional<Quantity>& into, std::optional<Quantity> (*parse)(std::string_view),
                    std::string_view key, const toml::node& node, const std::string& form) {
    if (const auto* text = node.as_string()) into = parse(text->get());
    if (!into) fault(node.source(), "\"" + std::string(key) + "\" is not of the form it has to have", "write " + form);
  }

  Reading out_;
  std::vector<Rule> rules_;
  std::vector<Lease> leases_;
  std::map<std::string, std::vector<PrincipalPattern>, std::less<>> roles_;
  std::map<std::string, Where> unusedRoles_;
  std::set<std::string> names_;
};

}  // namespace

Reading Policy::read(std::string_view toml) { return Reader().read(toml); }

}  // namespace beckon::policy
