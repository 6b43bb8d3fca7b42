// Listed if and only if callable, by the LAN door, over the same random policies and buses as by the IQ door.

#include "tests/gateway/lan_fixture.hpp"
#include "tests/gateway/random_policies.hpp"

#include <iostream>
#include <tuple>

namespace beckon::gateway {
namespace {

using policy::Kind;
using policy::Verb;
using test::Proxy;
using test::RandomPolicies;

class LanVisibilityTest : public test::LanFixture {
 protected:
  using Provider = std::shared_ptr<directory::Session>;

  // The services, and everything about them as the bus tells it.
  void fillBus() {
    any.fillBus([this](const std::string& name, const std::shared_ptr<localbus::Object>& object) {
      providers.push_back(provide(name, object));
      auto& listening = whole[name] = service(local, name);
      for (const auto& entry : object->metaObject().signals) {
        if (entry.first < qi::firstUserAction) continue;
        const auto where = any.place(name, entry.second.name);
        auto heard = [this, where](const qi::Value& event) {
          emitted[where] += std::get<0>(qi::fromValue<std::tuple<std::int32_t>>(event).value()) == posted;
        };
        emissions.push_back(bus.loop.await(listening->subscribe(entry.second.name, std::move(heard))).value());
      }
    });
    outside = numbersOutside(whole.size());
  }
  void emptyBus() {
    emissions.clear();
    whole.clear();
    for (const auto& provider : providers) provider->close();
    providers.clear();
    numbersOutside(0);
  }
  // The services' numbers outside, told to somebody who sees everything, once so many are there.
  std::map<std::string, std::uint32_t> numbersOutside(std::size_t count) {
    authority->replace(policyOf(test::everything));
    const auto owner = enter("owner");
    std::map<std::string, std::uint32_t> out;
    EXPECT_TRUE(runUntil([&] {
      out.clear();
      for (const auto& info : bus.loop.await(owner->services()).value())
        if (info.name != "ServiceDirectory") out[info.name] = info.serviceId;
      return out.size() == count;
    }));
    owner->close();
    return out;
  }
  Session come(const std::string& principal) { return enter(principal.substr(principal.find(':') + 1)); }

  // What a client is shown: services, and members as what they are.
  struct Listing {
    std::set<std::string> services;
    std::set<std::pair<Kind, std::string>> members;
    bool operator==(const Listing&) const = default;
  };
  Listing listed(const Session& client) {
    Listing out;
    for (const auto& name : namesFor(client)) {
      if (!std::ranges::count(any.services, name)) continue;
      out.services.insert(name);
      const auto object = service(client, name);
      const auto add = [&](Kind kind, const auto& members) {
        for (const auto& [id, member] : members)
          if (id >= qi::firstUserAction) out.members.emplace(kind, any.place(name, member.name));
      };
      add(Kind::method, object->metaObject().methods);
      add(Kind::signal, object->metaObject().signals);
      add(Kind::property, object->metaObject().properties);
    }
    return out;
  }

  // What it can do, by numbers, whatever it is shown.
  bool isAnswered(const Proxy& object, std::uint32_t action, const qi::Bytes& arguments) {
    test::Outcome outcome;
    object->callAction(action, arguments, test::Loop::patience, outcome.handler());
    EXPECT_TRUE(runUntil([&] { return outcome.done; }));
    return !outcome.error;
  }
  bool canDo(const Proxy& object, Verb verb, const std::string& where, std::uint32_t id, bool isExpected) {
    const bool isMethod = any.existing[where] == Kind::method;
    auto& count = isMethod ? any.calls[where] : emitted[where];
    const auto before = count;
    switch (verb) {
      case Verb::call: {
        const bool isDone = isAnswered(object, id, {});
        EXPECT_EQ(count - before, isDone ? 1 : 0) << where << any.context();
        return isDone;
      }
      case Verb::post:
        object->postAction(id, isMethod ? qi::Bytes() : qi::encode(posted));
        if (isExpected) return runUntil([&] { return count == before + 1; });
        // Nothing tells that nothing is done: what is done late is found when all are counted.
        isAnswered(object, qi::action::properties, {});
        for (const auto& [name, each] : whole) isAnswered(each, qi::action::properties, {});
        return count != before;
      case Verb::get:
        return isAnswered(object, qi::action::property, qi::encode(qi::dynamic(id)));
      case Verb::set:
        return isAnswered(object, qi::action::setProperty,
                          qi::encode(std::tuple(qi::dynamic(id), qi::dynamic(std::int32_t{1}))));
      default: {
        const auto link = qi::encode(std::tuple(1u, id, std::uint64_t{id}));
        if (!isAnswered(object, qi::action::registerEvent, link)) return false;
        EXPECT_TRUE(isAnswered(object, qi::action::unregisterEvent, link));
        return true;
      }
    }
  }

  static constexpr std::int32_t posted = 4711;
  RandomPolicies any{policy::Door::lan,
                     {"token:p0", "token:p1", "token:p2", "token:q3"},
                     {"token:p0", "token:p1", "token:p*", "token:q*", "*"}};
  ~LanVisibilityTest() override { local->close(); }

  Session local = bus.session();
  std::vector<Provider> providers;
  std::map<std::string, Proxy> whole;  // by name, for somebody of the bus
  std::map<std::string, std::uint32_t> outside;
  std::map<std::string, int> emitted;  // what was posted to signals, by place
  std::vector<std::shared_ptr<localbus::RemoteObject::Subscription>> emissions;
};

TEST_F(LanVisibilityTest, listsWhatCanBeUsedAndNothingElse) {
  open();
  for (int round = 0; round < 10 && !HasFailure(); ++round) {
    fillBus();
    const auto policy = any.newPolicy();
    authority->replace(policy);
    std::map<std::string, Listing> before;
    std::size_t shownInAll = 0;
    std::map<std::string, int> wanted;  // what was called and posted, by place
    for (const auto& who : any.principals) {
      const auto client = come(who);  // also who may nothing
      const auto shown = before[who] = listed(client);
      std::set<std::string> places;
      for (const auto& [kind, where] : shown.members) places.insert(where);
      shownInAll += places.size();
      const auto connection = service(client, "ServiceDirectory")->connection();
      for (const auto& entry : whole) {
        const auto& name = entry.first;  // clang 14 captures no structured bindings
        const auto& inside = entry.second;
        const auto object =
            std::make_shared<localbus::RemoteObject>(connection, outside[name], qi::mainObject, name,
                                                     std::make_shared<const qi::MetaObject>(inside->metaObject()));
        bool isAnyUsable = false;
        const auto check = [&](Kind kind, const auto& members) {
          for (const auto& [id, member] : members) {
            if (id < qi::firstUserAction) continue;
            const auto where = any.place(name, member.name);
            bool isUsable = false;
            for (const auto verb : any.verbs) {
              if (!policy::Verbs::of(kind).has(verb)) continue;
              const bool isExpected = any.isGranted(*policy, who, verb, name, member.name);
              const bool can = canDo(object, verb, where, id, isExpected);
              isUsable |= can;
              wanted[where] += can && (verb == Verb::call || verb == Verb::post);
              EXPECT_EQ(can, isExpected) << who << " " << policy::text(verb) << " " << where << any.context();
            }
            isAnyUsable |= isUsable;
            EXPECT_EQ(shown.members.contains({kind, where}), isUsable) << who << " " << where << any.context();
          }
        };
        check(Kind::method, inside->metaObject().methods);
        check(Kind::signal, inside->metaObject().signals);
        check(Kind::property, inside->metaObject().properties);
        EXPECT_EQ(shown.services.contains(name), isAnyUsable || any.isListedAsAWhole(*policy, who, name))
            << who << " " << name << any.context();
      }
      client->close();
    }
    for (const auto& [where, count] : wanted) {
      EXPECT_EQ(any.calls[where] + emitted[where], count) << where << any.context();
    }
    emitted.clear();
    const auto all = any.principals.size() * any.existing.size();
    std::cout << "[ VISIBLE  ] " << shownInAll << " of " << all << std::endl;
    EXPECT_GE(shownInAll * 10, all) << any.context();
    EXPECT_LE(shownInAll * 10, all * 9) << any.context();
    // A rule more for one.
    const auto& one = any.principals[static_cast<std::size_t>(round) % any.principals.size()];
    authority->replace(any.policyWithMoreFor(one));
    for (const auto& who : any.principals) {
      const auto client = come(who);
      const auto after = listed(client);
      client->close();
      if (who != one) {
        EXPECT_EQ(after, before[who]) << who << any.larger();
      }
      EXPECT_TRUE(std::ranges::includes(after.members, before[who].members)) << "rules only grant" << any.larger();
    }
    emptyBus();
  }
}

}  // namespace
}  // namespace beckon::gateway
