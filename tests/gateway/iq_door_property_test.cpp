// Listed if and only if callable, over random policies and buses, by real calls of real objects.

#include "tests/gateway/iq_door_fixture.hpp"
#include "tests/gateway/random_policies.hpp"

namespace beckon::gateway {
namespace {

using policy::Verb;
using test::RandomPolicies;

class ListedMeansCallable : public IqDoorTest {
 protected:
  void fillBus() {
    any.fillBus([this](const std::string& name, const std::shared_ptr<localbus::Object>& object) {
      ids.push_back(bus.await(provider->registerService(name, object)).value());
    });
  }
  void emptyBus() {
    for (const auto id : ids) ASSERT_TRUE(bus.await(provider->unregisterService(id)));
    ids.clear();
  }

  static std::string from(const std::string& principal) { return principal + "/r"; }

  // Services and members that are shown.
  struct Listing {
    std::set<std::string> services, members;
    bool operator==(const Listing&) const = default;
  };
  Listing listed(const std::string& who) {
    Listing out;
    const auto answer = ask(from(who), "get", rpc::servicesRequest());
    if (answer.attribute("type") != "result") return out;
    for (const auto& name : rpc::readServices(*answer.child("services", rpc::ns)).value())
      if (std::ranges::count(any.services, name)) out.services.insert(name);
    // Also of what was not listed: it is not told either.
    for (const auto& service : any.services) {
      const auto body = result("get", rpc::infoRequest(service), from(who));
      EXPECT_EQ(!body.name.empty(), out.services.contains(service)) << who << " " << service << any.context();
      if (body.name.empty()) continue;
      const auto info = rpc::readInfo(body).value();
      for (const auto& [uid, each] : info.methods) out.members.insert(any.place(service, each.name));
      for (const auto& [uid, each] : info.signals) out.members.insert(any.place(service, each.name));
      for (const auto& [uid, each] : info.properties) out.members.insert(any.place(service, each.name));
    }
    return out;
  }

  // Whether it is done: asked for by a request, and seen to happen where that can be seen.
  bool canDo(const std::string& who, Verb verb, const std::string& service, const std::string& member) {
    const auto done = [&](std::string_view type, const Element& body) {
      return !result(type, body, from(who)).name.empty();
    };
    auto& count = any.calls[any.place(service, member)];
    const auto before = count;
    switch (verb) {
      case Verb::call: {
        const bool isDone = done("set", rpc::callRequest({service, member, "[]"}));
        EXPECT_EQ(count - before, isDone ? 1 : 0) << any.place(service, member) << any.context();
        return isDone;
      }
      case Verb::post: {
        const bool isMethod = member.starts_with('m');
        const bool isDone = done("set", rpc::postRequest({service, member, isMethod ? "[]" : "[1]"}));
        if (isDone && isMethod) {
          EXPECT_TRUE(bus.runUntil([&] { return count == before + 1; })) << any.context();
        }
        return isDone;
      }
      case Verb::get:
        return done("get", rpc::propertyRequest({service, member}));
      case Verb::set:
        return done("set", rpc::setRequest({service, member}, "1"));
      default: {
        const bool isDone = done("set", rpc::subscribeRequest({service, member, "w"}));
        if (isDone) result("set", rpc::unsubscribeRequest("w"), from(who));
        return isDone;
      }
    }
  }

  RandomPolicies any{policy::Door::iq, {"p0@x", "p1@x", "p2@x", "p3@y"}, {"p0@x", "p1@x", "*@x", "p3@*", "*"}};
  std::vector<std::uint32_t> ids;
};

TEST_F(ListedMeansCallable, forEveryPrincipalVerbAndMember) {
  for (int round = 0; round < 10 && !HasFailure(); ++round) {
    fillBus();
    const auto policy = any.newPolicy();
    open(policy);
    std::map<std::string, Listing> before;
    std::size_t shownInAll = 0;
    for (const auto& who : any.principals) {
      const auto shown = before[who] = listed(who);
      shownInAll += shown.members.size();
      for (const auto& service : any.services) {
        bool isAnyUsable = false;
        for (const auto& member : any.members) {
          const auto where = any.place(service, member);
          bool isUsable = false;
          for (const auto verb : any.verbs) {
            const bool can = canDo(who, verb, service, member);
            isUsable |= can;
            EXPECT_EQ(can, any.isGranted(*policy, who, verb, service, member) && any.fits(verb, where))
                << who << " " << text(verb) << " " << where << any.context();
          }
          isAnyUsable |= isUsable;
          EXPECT_EQ(shown.members.contains(where), isUsable) << who << " " << where << any.context();
        }
        EXPECT_EQ(shown.services.contains(service),
                  service != "Absent" && (isAnyUsable || any.isListedAsAWhole(*policy, who, service)))
            << who << " " << service << any.context();
      }
    }
    const auto all = any.principals.size() * any.existing.size();
    EXPECT_GE(shownInAll * 10, all) << any.context();
    EXPECT_LE(shownInAll * 10, all * 9) << any.context();
    // A rule more for one, while the others are there.
    for (const auto& one : any.principals) {
      authority->replace(any.policyWithMoreFor(one));
      for (const auto& who : any.principals) {
        const auto after = listed(who);
        if (who != one) {
          EXPECT_EQ(after, before[who]) << who << any.larger();
        }
        EXPECT_TRUE(std::ranges::includes(after.members, before[who].members)) << "rules only grant" << any.larger();
      }
    }
    emptyBus();
  }
}

}  // namespace
}  // namespace beckon::gateway
