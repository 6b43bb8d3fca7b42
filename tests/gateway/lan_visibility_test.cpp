#include "gateway/lan/rights.hpp"
#include "tests/gateway/lan_fixture.hpp"

#include <array>
#include <iostream>
#include <random>
#include <set>
#include <tuple>

// Listed means callable, by the LAN door, for whatever policy.
namespace beckon::gateway {
namespace {

using policy::Kind;
using policy::Verb;
using test::Proxy;

constexpr int services = 4, membersOfAKind = 4, principals = 3;

std::string principalName(int who) { return "p" + std::to_string(who); }
std::string serviceName(int service) { return "S" + std::to_string(service); }
std::string memberName(Kind kind, int member) {
  return (kind == Kind::method ? "m" : kind == Kind::signal ? "s" : "p") + std::to_string(member);
}

// What is done with a member, and counted by the service where it got there.
using Act = std::tuple<int, std::string, Verb>;  // service, member, verb

struct Service {
  explicit Service(int number, std::map<Act, int>& counts) {
    localbus::ObjectBuilder builder;
    for (int i = 0; i < membersOfAKind; ++i)
      builder.method(memberName(Kind::method, i), [&counts, number, i] {
        ++counts[{number, memberName(Kind::method, i), Verb::call}];
      });
    for (int i = 0; i < membersOfAKind; ++i) builder.signal<std::int32_t>(memberName(Kind::signal, i));
    for (int i = 0; i < membersOfAKind; ++i) builder.property<std::int32_t>(memberName(Kind::property, i), 0);
    object = builder.build();
  }
  std::shared_ptr<localbus::Object> object;
};

// A rule as the test knows it, and its own reading of what it grants.
struct RandomRule {
  int who;
  std::set<Verb> may;
  std::vector<std::pair<std::string, std::string>> on, except;  // service and member; "*" for all

  static bool covers(const std::vector<std::pair<std::string, std::string>>& all, const std::string& service,
                     const std::string& member) {
    return std::ranges::any_of(all, [&](const auto& one) {
      return (one.first == "*" || one.first == service) && (one.second == "*" || one.second == member);
    });
  }
  bool grants(int principal, Verb verb, const std::string& service, const std::string& member) const {
    return who == principal && may.contains(verb) && covers(on, service, member) && !covers(except, service, member);
  }
  std::string toml(int number) const {
    const auto list = [](const auto& all) {
      std::string out;
      for (const auto& [service, member] : all)
        out += (out.empty() ? "\"" : ", \"") +
               (service == "*" && member == "*" ? std::string("*") : service + "." + member) + "\"";
      return "[" + out + "]";
    };
    std::string verbs;
    for (const auto verb : may) verbs += (verbs.empty() ? "\"" : ", \"") + std::string(policy::text(verb)) + "\"";
    return "[[rule]]\nname = \"rule " + std::to_string(number) + "\"\nwho = [\"token:" + principalName(who) +
           "\"]\nmay = [" + verbs + "]\non = " + list(on) + "\n" +
           (except.empty() ? std::string() : "except = " + list(except) + "\n");
  }
};

class LanVisibilityTest : public test::LanFixture {
 protected:
  using Place = std::pair<int, std::string>;

  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random); }
  std::pair<std::string, std::string> anyPlace() {
    const auto kind = static_cast<Kind>(pick(3));
    const auto service = pick(8) == 0 ? std::string("*") : serviceName(pick(services));
    return {service, pick(4) == 0 ? std::string("*") : memberName(kind, pick(membersOfAKind))};
  }
  RandomRule anyRule(int who) {
    RandomRule out{who, {}, {}, {}};
    constexpr std::array verbs{Verb::call, Verb::post, Verb::get, Verb::set, Verb::watch};
    do
      for (const auto verb : verbs)
        if (pick(2)) out.may.insert(verb);
    while (out.may.empty());
    for (int i = 0; i <= pick(4); ++i) out.on.push_back(anyPlace());
    for (int i = pick(3); i > 0; --i) out.except.push_back(anyPlace());
    return out;
  }
  std::string tomlOf(const std::vector<RandomRule>& rules) {
    std::string out = rule("all", "token:owner", R"("*")", R"(["*"])");
    for (std::size_t i = 0; i < rules.size(); ++i) out += rules[i].toml(static_cast<int>(i));
    return out;
  }

  // What a client is shown: services, and members by kind.
  std::map<int, std::set<std::string>> listed(const Session& client) {
    std::map<int, std::set<std::string>> out;
    const auto names = namesFor(client);
    for (int i = 0; i < services; ++i) {
      if (!std::ranges::count(names, serviceName(i))) continue;
      auto& members = out[i];
      const auto object = service(client, serviceName(i));
      for (const auto& [id, method] : object->metaObject().methods)
        if (id >= qi::firstUserAction) members.insert(method.name);
      for (const auto& [id, signal] : object->metaObject().signals) members.insert("watch " + signal.name);
      for (const auto& [id, property] : object->metaObject().properties) members.insert(property.name);
    }
    return out;
  }
  // What it can do, by numbers, whatever it is shown.
  std::string answer(const Proxy& object, std::uint32_t action, const qi::Bytes& arguments) {
    test::Outcome outcome;
    object->callAction(action, arguments, test::Loop::patience, outcome.handler());
    EXPECT_TRUE(runUntil([&] { return outcome.done; }));
    return outcome.error ? outcome.error->cause : "";
  }
  bool can(const Proxy& object, Verb verb, std::uint32_t id) {
    const auto link = qi::encode(std::tuple(1u, id, std::uint64_t{id}));
    switch (verb) {
      case Verb::call:
        return answer(object, id, {}).empty();
      case Verb::get:
        return answer(object, qi::action::property, qi::encode(qi::dynamic(id))).empty();
      case Verb::set:
        return answer(object, qi::action::setProperty,
                      qi::encode(std::tuple(qi::dynamic(id), qi::dynamic(std::int32_t{1}))))
            .empty();
      default:
        return answer(object, qi::action::registerEvent, link).empty();
    }
  }

  std::mt19937 random{20261122};
  std::map<Act, int> counts;
  std::vector<Service> provided;
};

TEST_F(LanVisibilityTest, listsWhatCanBeUsedAndNothingElse) {
  for (int i = 0; i < services; ++i) {
    provided.emplace_back(i, counts);
    provide(serviceName(i), provided.back().object);
  }
  open();
  const auto owner = enter("owner");
  std::map<int, Proxy> whole;
  for (int i = 0; i < services; ++i) whole[i] = service(owner, serviceName(i));
  int members = 0, visible = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<RandomRule> rules;
    for (int i = 0, many = 1 + pick(6); i < many; ++i) rules.push_back(anyRule(pick(principals)));
    authority->replace(policyOf(tomlOf(rules)));
    for (int who = 0; who < principals; ++who) {
      const auto granted = [&](Verb verb, int of, const std::string& member) {
        return std::ranges::any_of(
            rules, [&](const RandomRule& rule) { return rule.grants(who, verb, serviceName(of), member); });
      };
      // Who may nothing is let in here, and sees nothing.
      const auto client = enter(principalName(who));
      const auto shown = listed(client);
      const auto directory = service(client, "ServiceDirectory");
      for (int of = 0; of < services; ++of) {
        const auto object = std::make_shared<localbus::RemoteObject>(
            directory->connection(), whole[of]->service(), qi::mainObject, serviceName(of),
            std::make_shared<const qi::MetaObject>(whole[of]->metaObject()));
        const auto isListed = [&](const std::string& member) {
          const auto found = shown.find(of);
          return found != shown.end() && found->second.contains(member);
        };
        bool any = false;
        const auto check = [&](const std::string& member, std::uint32_t id, std::vector<Verb> verbs) {
          bool isAny = false;
          for (const auto verb : verbs) {
            const bool wanted = granted(verb, of, member);
            isAny |= wanted;
            if (verb != Verb::post) {
              EXPECT_EQ(can(object, verb, id), wanted)
                  << policy::text(verb) << " " << serviceName(of) << "." << member << "\n"
                  << tomlOf(rules);
            }
          }
          EXPECT_EQ(isListed(member), isAny) << serviceName(of) << "." << member << "\n" << tomlOf(rules);
          ++members;
          visible += isAny;
          any |= isAny;
        };
        const auto& meta = whole[of]->metaObject();
        for (const auto& [id, method] : meta.methods)
          if (id >= qi::firstUserAction) check(method.name, id, {Verb::call, Verb::post});
        for (const auto& [id, property] : meta.properties)
          check(property.name, id, {Verb::get, Verb::set, Verb::watch});
        for (const auto& [id, signal] : meta.signals) {
          // Watched, or emitted by whoever posts to it.
          const bool isWatched = granted(Verb::watch, of, signal.name);
          const bool wanted = isWatched || granted(Verb::post, of, signal.name);
          EXPECT_EQ(isListed("watch " + signal.name), wanted) << signal.name << "\n" << tomlOf(rules);
          EXPECT_EQ(can(object, Verb::watch, id), isWatched) << signal.name << "\n" << tomlOf(rules);
          any |= wanted;
        }
        EXPECT_EQ(shown.contains(of), any) << serviceName(of) << "\n" << tomlOf(rules);
      }
      // A rule for somebody else changes nothing.
      auto more = rules;
      more.push_back(anyRule((who + 1) % principals));
      authority->replace(policyOf(tomlOf(more)));
      EXPECT_EQ(listed(enter(principalName(who))), shown);
      authority->replace(policyOf(tomlOf(rules)));
      client->close();
    }
  }
  std::cout << "[ VISIBLE  ] " << visible << " of " << members << std::endl;
  EXPECT_GT(visible * 10, members);
  EXPECT_LT(visible * 10, members * 9);
}

}  // namespace
}  // namespace beckon::gateway
