// Two accounts that list each other, on two servers that may forget: whatever was lost, both are subscribed in the end.
#include "xmpp/roster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <random>
#include <utility>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;

// How the servers differ from each other. Prosody's own answers to probes of local contacts do not arrive, and a
// request to somebody who is offline and whose roster says that it is settled is lost (0.12.3).
enum class Kind { plain, answersProbes, prosody };
constexpr std::array kinds{Kind::plain, Kind::answersProbes, Kind::prosody};

// One account: its client, and what its server holds about the other one (RFC 6121 section 3 and appendix A).
struct Side {
  Jid jid, other;
  Kind kind = Kind::plain;
  std::optional<Roster> client;  // where it is online

  bool onRoster = false, to = false, from = false, asked = false, pending = false;
  std::string group;

  // On their way, each in order.
  std::deque<Element> fromClient, toClient;
  std::deque<std::string> toOther;  // types of presence

  void connectionEnds() {
    client.reset();
    fromClient.clear();
    toClient.clear();
  }

  // The server restarts without its data.
  void lose() {
    connectionEnds();
    onRoster = to = from = asked = pending = false;
    group.clear();
  }

  Element item() const {
    Element out("item", std::string(ns::roster));
    out.set("jid", other.text());
    out.set("subscription", !onRoster ? "remove" : to && from ? "both" : to ? "to" : from ? "from" : "none");
    if (asked) out.set("ask", "subscribe");
    if (!group.empty()) out.add(Element("group", std::string(ns::roster), group));
    return out;
  }

  void push() {
    if (client) toClient.push_back(Roster::request().add(item()));
  }
  void deliver(std::string_view type) {
    if (client) toClient.push_back(Element("presence").set("type", type).set("from", other.text()));
  }

  void clientComes(Roster::TimePoint now) {
    connectionEnds();
    client.emplace(std::set<Jid>{other}, true);
    auto roster = Roster::request();
    if (onRoster) roster.add(item());
    sendAll(client->loaded(&roster, now));
    if (pending) deliver("subscribe");
    if (from) toOther.push_back("available");
    if (to) toOther.push_back("probe");
  }

  void sendAll(std::vector<Element> stanzas) {
    for (auto& stanza : stanzas) fromClient.push_back(std::move(stanza));
  }

  // Appendix A.2: from the client to the other one.
  void outbound(const Element& stanza) {
    if (stanza.name == "query") {
      onRoster = true;
      group = stanza.children.at(0).childText("group", ns::roster);
      return push();
    }
    const auto type = stanza.attribute("type");
    if (type == "subscribe") {
      toOther.emplace_back(type);
      if (!to) asked = onRoster = true;
      push();
    } else if (type == "unsubscribe") {
      toOther.emplace_back(type);
      to = asked = false;
      push();
    } else if (type == "subscribed" && pending) {
      toOther.emplace_back(type);
      pending = false;
      from = onRoster = true;
      push();
      toOther.push_back("available");
    } else if (type == "unsubscribed" && (pending || from)) {
      toOther.emplace_back(type);
      pending = from = false;
      push();
    }
  }

  // Appendix A.3: from the other one's server.
  void inbound(const std::string& type) {
    if (type == "subscribe") {
      if (from && !client && kind == Kind::prosody) return;
      if (from) {
        toOther.push_back("subscribed");
        if (client) toOther.push_back("available");
      } else if (!std::exchange(pending, true)) {
        deliver(type);
      }
    } else if (type == "subscribed" && asked) {
      asked = false;
      to = onRoster = true;
      push();
    } else if (type == "unsubscribe" && (from || pending)) {
      from = pending = false;
      push();
    } else if (type == "unsubscribed" && (to || asked)) {
      to = asked = false;
      push();
    } else if (type == "probe" && !from && kind == Kind::answersProbes) {
      toOther.push_back("unsubscribed");  // section 4.3.2
    } else if (type == "available") {
      deliver("");
    }
  }

  void receive(const Element& stanza, Roster::TimePoint now) {
    if (stanza.name == "query")
      sendAll(client->changed(stanza, now));
    else if (stanza.attribute("type").empty())
      sendAll(client->seen(other, now));
    else
      sendAll(client->asked(stanza, now));
  }
};

class World {
 public:
  World(unsigned seed, Kind kind) : random_(seed) {
    sides[0].kind = sides[1].kind = kind;
    sides[0].jid = sides[1].other = *Jid::parse("robot@a");
    sides[1].jid = sides[0].other = *Jid::parse("owner@b");
  }

  void login(int side) { sides.at(side).clientComes(now_); }

  int pick(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }

  // One stanza of those that are on their way moves on, or is lost. False if there is none.
  bool step(bool lost = false) {
    std::vector<std::function<void()>> possible;
    for (auto& side : sides) {
      auto& peer = &side == &sides[0] ? sides[1] : sides[0];
      const auto offer = [&](auto& queue, auto act) {
        if (queue.empty()) return;
        possible.push_back([&queue, act, lost] {
          const auto first = queue.front();
          queue.pop_front();
          if (!lost) act(first);
        });
      };
      offer(side.fromClient, [&side](const Element& stanza) { side.outbound(stanza); });
      offer(side.toClient, [&side, this](const Element& stanza) { side.receive(stanza, now_); });
      offer(side.toOther, [&peer](const std::string& type) { peer.inbound(type); });
    }
    if (possible.empty()) return false;
    possible.at(pick(static_cast<int>(possible.size())))();
    return true;
  }

  void pass(Roster::TimePoint::duration time) {
    now_ += time;
    for (auto& side : sides)
      if (side.client) side.sendAll(side.client->tick(now_));
  }

  // Lets everything happen that still will; false where it does not come to rest.
  bool comesToRest() {
    for (int turns = 0; turns < 1000; ++turns) {
      if (step()) continue;
      std::optional<Roster::TimePoint> next;
      for (const auto& side : sides)
        if (const auto due = side.client ? side.client->nextDeadline() : std::nullopt; due && (!next || *due < *next))
          next = due;
      if (!next) return true;
      pass(std::max(*next - now_, Roster::TimePoint::duration(0)));
    }
    return false;
  }

  bool bothSubscribed() const {
    return sides[0].to && sides[0].from && sides[1].to && sides[1].from && !sides[0].asked && !sides[1].asked &&
           !sides[0].pending && !sides[1].pending;
  }

  std::array<Side, 2> sides;

 private:
  std::mt19937 random_;
  Roster::TimePoint now_{};
};

TEST(RosterConvergence, bothAreSubscribedInWhateverOrderTheyComeOnline) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    World world(seed, kinds.at(seed % 3));
    world.login(0);
    ASSERT_TRUE(seed % 2 == 0 || world.comesToRest());
    world.login(1);
    ASSERT_TRUE(world.comesToRest());
    ASSERT_TRUE(world.bothSubscribed()) << seed;
    EXPECT_EQ(world.sides[0].group, "Beckon");
    EXPECT_EQ(world.sides[1].group, "Beckon");
  }
}

// All pairs of states that appendix A knows, consistent or not.
TEST(RosterConvergence, bothAreSubscribedAfterALoginOfBothFromAnyStatesOfTheirServers) {
  for (unsigned states = 0; states < 1024; ++states) {
    for (unsigned seed = 0; seed < 12; ++seed) {
      World world(seed, kinds.at(seed % 3));
      for (int i = 0; i < 2; ++i) {
        auto& side = world.sides.at(i);
        const unsigned bits = states >> (5 * i);
        side.onRoster = bits & 1 || bits & 2 || bits & 4 || bits & 8;
        side.to = bits & 2;
        side.from = bits & 4;
        side.asked = !side.to && bits & 8;
        side.pending = !side.from && bits & 16;
      }
      const int first = seed & 1;
      world.login(first);
      ASSERT_TRUE(seed & 2 || world.comesToRest());
      world.login(1 - first);
      ASSERT_TRUE(world.comesToRest()) << states << " " << seed;
      ASSERT_TRUE(world.bothSubscribed()) << states << " " << seed;
    }
  }
}

// The one whose server restarts without its data logs in again by nature; the other one stays and notices nothing.
TEST(RosterConvergence, bothAreSubscribedWhenTheOneWhoseServerForgotComesBack) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    World world(seed, kinds.at(seed % 3));
    world.login(0);
    world.login(1);
    for (int losses = 1 + world.pick(4); losses > 0; --losses) {
      for (int steps = world.pick(30); steps > 0; --steps) {
        if (!world.step()) world.pass(1s * world.pick(8));
      }
      const int side = world.pick(2);
      world.sides.at(side).lose();
      for (int steps = world.pick(10); steps > 0; --steps) world.step();
      world.login(side);
    }
    ASSERT_TRUE(world.comesToRest()) << seed;
    ASSERT_TRUE(world.bothSubscribed()) << seed;
  }
}

TEST(RosterConvergence, theOtherOnesLoginIsEnoughWhereServersAnswerProbes) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    World world(seed, Kind::answersProbes);
    world.login(0);
    world.login(1);
    ASSERT_TRUE(world.comesToRest());
    // Forgotten without a restart, so that the first one stays connected.
    auto& side = world.sides[0];
    side.onRoster = side.to = side.from = false;
    world.login(1);
    ASSERT_TRUE(world.comesToRest());
    ASSERT_TRUE(world.bothSubscribed()) << seed;
  }
}

// Also stanzas between the servers get lost, and connections end.
TEST(RosterConvergence, bothAreSubscribedAfterALoginOfBothWhateverWasLost) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    World world(seed, kinds.at(seed % 3));
    for (int events = world.pick(60); events > 0; --events) {
      const int side = world.pick(2);
      switch (world.pick(8)) {
        case 0:
          world.login(side);
          break;
        case 1:
          world.sides.at(side).lose();
          break;
        case 2:
          world.sides.at(side).connectionEnds();
          break;
        case 3:
          world.step(true);
          break;
        case 4:
          world.pass(1s * world.pick(8));
          break;
        default:
          for (int steps = world.pick(10); steps > 0; --steps) world.step();
      }
    }
    const int first = world.pick(2);
    world.login(first);
    for (int steps = world.pick(10); steps > 0; --steps) world.step();
    world.login(1 - first);
    ASSERT_TRUE(world.comesToRest()) << seed;
    ASSERT_TRUE(world.bothSubscribed()) << seed;
  }
}

}  // namespace
}  // namespace beckon::xmpp
