// A decision of a policy with 1000 rules: for a caller that is known and a member that was asked for before, for
// members that were not, and the view of a caller who is new. The limit is one look into a hash table by the same name.
#include "bench/report.hpp"
#include "policy/authority.hpp"

#include <stdexcept>
#include <unordered_map>

namespace beckon::bench {
namespace {

constexpr int rules = 1000;

// Fifty rules for each of twenty operators, on as many services; one in ten has a rate.
std::string thousandRules() {
  std::string toml;
  for (int i = 0; i < rules; ++i) {
    const auto number = std::to_string(i);
    toml += "[[rule]]\nname = 'rule " + number + "'\nwho = 'operator" + std::to_string(i % 20) +
            "@robots.example.org'\nmay = ['call', 'get', 'watch']\non = ['Service" + number + ".get*', 'Service" +
            number + ".say']\n" + (i % 10 ? "" : "rate = '1000000/s'\n");
  }
  return toml;
}

void measure(Report& report) {
  const auto policy = policy::Policy::parse(thousandRules(), "policy.toml").value();
  policy::Authority authority(policy);
  const policy::Caller caller{"operator0@robots.example.org", {}, policy::Door::lan};
  const auto view = authority.view(caller);
  const policy::Act plain{policy::Verb::call, "Service980", "say"}, unknown{policy::Verb::call, "Service985", "say"};
  auto repeat = plain;
  repeat.isRepeat = true;
  if (!view->decide(plain) || view->decide(unknown)) throw std::logic_error("the policy does not say what it should");

  const std::unordered_map<std::string, bool> table{{std::string("Service980\0say", 14), true}};
  const std::string key("Service980\0say", 14);
  const Run look = [&] { return nanosecondsEach([&] { keep(table.find(key)->second); }); };
  report.add(
      {"policy.decide.granted", "ns", [&] { return nanosecondsEach([&] { keep(view->decide(repeat)); }); }, {}, look});
  report.add(
      {"policy.decide.rate", "ns", [&] { return nanosecondsEach([&] { keep(view->decide(plain)); }); }, {}, look});
  report.add(
      {"policy.decide.refused", "ns", [&] { return nanosecondsEach([&] { keep(view->decide(unknown)); }); }, {}, look});
  report.add({"policy.decide.first",
              "ns",
              [&] {
                std::uint64_t i = 0;
                return nanosecondsEach([&] {
                  const auto member = "get" + std::to_string(++i);
                  keep(view->decide({policy::Verb::get, "Service980", member}));
                });
              },
              {},
              look});
  report.add({"policy.view.new",
              "ns",
              [&] {
                return nanosecondsEach(
                    [&] { keep(policy::View(policy, caller, nullptr, policy::Clock::real()).isEmpty()); });
              },
              {},
              {}});
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) {
  beckon::bench::Report report(beckon::bench::parseOptions(argc, argv));
  beckon::bench::measure(report);
  return report.finish();
}
