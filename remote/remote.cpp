#include "remote/remote.hpp"

#include "core/run/network_changes.hpp"
#include "core/run/uuid.hpp"
#include "remote/exchange.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace beckon::remote {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;

namespace {

// It asks its own storage or, to revoke, the XMPP server.
// A server that is several computers may lose an answer while not all of them know of our session: we ask again then.
// It waits for its robots at first, 3 s as a rule.
constexpr std::chrono::milliseconds relayDeadline{15000}, firstRelayDeadline{5000};

// A list does not wait for a relay any longer that has said nothing for so long; nor for one that says ever more.
constexpr std::chrono::milliseconds longestSilence{8000}, longestList{60000};

// What the relay said of silence is told again so long.
constexpr std::chrono::milliseconds freshness{2000};

const Error notOfAFleet{Code::protocolError, "the relay's answer does not tell of a fleet",
                        "update both sides to versions of Beckon that know each other"};
const Error notEnrolled{Code::invalidConfig, "this device belongs to no fleet",
                        "enrol it with a code of the fleet's owner: beckon enroll CODE"};

}  // namespace

struct Remote::State : std::enable_shared_from_this<Remote::State> {
  // `others`: the client that somebody else runs; null: there is none.
  State(boost::asio::io_context& io, Options from, run::Log to, xmpp::Client* others)
      : context(io),
        options(std::move(from)),
        log(std::move(to)),
        own(others ? nullptr : makeClient()),
        client(others ? *others : *own),
        fleet(io.get_executor(), client, options.robots),
        exchanges(fleet, client, options.patience),
        watchPrefix(run::makeUuid() + ".") {
    if (options.membership)
      fleet.use(options.known, options.membership->ownerKey);
    else if (options.owner)
      fleet.use(options.known, *options.owner);
  }

  std::unique_ptr<xmpp::Client> makeClient() {
    const auto streams = [this] { return xmpp::makeClientStream(context.get_executor(), options.stream, log); };
    return std::make_unique<xmpp::Client>(context.get_executor(), streams, config(options), log);
  }

  static xmpp::Client::Config config(const Options& options) {
    xmpp::Client::Config out;
    out.identity = {"client", "pc", "", "Beckon"};
    out.node = "urn:beckon:remote";
    out.software = "beckon";
    out.version = BECKON_VERSION;
    out.contacts = {options.robots.begin(), options.robots.end()};
    for (const auto& text : options.known.robots())
      if (const auto robot = Jid::parse(text)) out.contacts.insert(*robot);
    return out;
  }

  // ---- Our fleet. ----

  awaitable<Result<fleet::MembersInfo>> askMembers() {
    const auto relay = Jid::parse(options.membership->relay);
    if (!relay) co_return relay.error();
    fleet::MembersInfo all;
    for (;;) {
      auto asked = client.get(*relay, fleet::membersRequest(all.more), firstRelayDeadline);
      auto answer = co_await std::move(asked);
      if (!answer && answer.error().code == Code::timedOut) {
        auto again = client.get(*relay, fleet::membersRequest(all.more), relayDeadline - firstRelayDeadline);
        answer = co_await std::move(again);
      }
      if (!answer) co_return answer.error();
      const auto* members = answer->child(fleet::membersName, fleet::ns);
      auto info = members ? fleet::readMembers(*members) : Result<fleet::MembersInfo>(notOfAFleet);
      if (!info) co_return info.error();
      // From one account to the next: it comes to an end.
      if (!info->more.empty() && info->more <= all.more) co_return notOfAFleet;
      info->members.insert(info->members.begin(), all.members.begin(), all.members.end());
      all = std::move(*info);
      relaySpoke = steady_clock::now();
      if (all.more.empty()) break;
    }
    learn(all);
    co_return all;
  }

  void learn(const fleet::MembersInfo& info) {
    // A member's account is on the server of the fleet: no other can be smuggled in.
    const auto home = Jid::parse(options.membership->ownerAccount);
    std::vector<std::string> robots;
    std::set<Jid> awaited;
    for (const auto& member : info.members) {
      const auto jid = Jid::parse(member.account);
      const bool isOurs = home && jid && jid->domain() == home->domain();
      if (!isOurs || member.kind != fleet::Kind::robot || member.revoked) continue;
      robots.push_back(member.account);
      if (!member.isConfirmed) awaited.insert(*jid);
    }
    if (const auto kept = options.known.setRobots(std::move(robots)); !kept)
      log->warn("the fleet's robots are not remembered: {}; next: {}", kept.error().cause, kept.error().nextStep);
    fleet.expect(std::move(awaited));
    fleet.robotsChanged();
    membersToldAt = steady_clock::now();
    for (const auto& member : info.members)
      if (const auto robot = Jid::parse(member.account); robot && member.silence)
        fleet.tellSilence(*robot, *member.silence);
    const auto& accounts = fleet.accounts();
    client.setContacts({accounts.begin(), accounts.end()});
  }

  // What was known of it serves until the relay answers.
  void refreshMembers() {
    if (!options.membership) return;
    ++asking;
    const auto refreshing = [state = shared_from_this()]() -> awaitable<void> {
      const auto members = co_await state->askMembers();
      if (!members) state->log->warn("the relay does not tell of the fleet: {}", members.error().cause);
      --state->asking;
      state->fleet.awaitMembers(false);
    };
    boost::asio::co_spawn(context, refreshing, boost::asio::detached);
  }

  void received(const Element& message) {
    const auto* event = message.child(rpc::event, rpc::ns);
    const auto from = Jid::parse(message.attribute("from"));
    if (from && options.membership && from->text() == options.membership->relay &&
        message.child(fleet::changedName, fleet::ns)) {
      ++fleetChanges;
      return refreshMembers();
    }
    if (!event || !from) return;
    const auto found = watches.find(event->attribute("id"));
    if (found == watches.end()) return;
    if (const auto watch = found->second.lock())
      watch->received(*from, *event);
    else
      watches.erase(found);
  }

  boost::asio::io_context& context;
  Options options;
  run::Log log;
  std::optional<Result<>> started;
  const std::unique_ptr<xmpp::Client> own;
  xmpp::Client& client;
  std::optional<run::NetworkChanges> network;  // for our own
  Fleet fleet;
  Exchanges exchanges;
  const std::string watchPrefix;
  unsigned asking = 0;  // questions about our fleet that are under way
  // When the relay has said anything of it, and when it had said all.
  steady_clock::time_point relaySpoke{}, membersToldAt{};
  unsigned long lastWatch = 0, fleetChanges = 0;
  std::map<std::string, std::weak_ptr<Watch>, std::less<>> watches;  // by id
};

Remote::Remote(boost::asio::io_context& io, Options options, run::Log log)
    : state_(std::make_shared<State>(io, std::move(options), std::move(log), nullptr)) {}
Remote::Remote(boost::asio::io_context& io, xmpp::Client& client, Options options, run::Log log)
    : state_(std::make_shared<State>(io, std::move(options), std::move(log), &client)) {}
Remote::~Remote() { stop(); }

awaitable<Result<>> Remote::start() {
  const auto state = state_.get();
  state->fleet.awaitMembers(state->options.membership.has_value());
  state->client.start(events());
  state->network.emplace(
      state->context.get_executor(), [state] { state->client.networkChanged(); }, state->log);
  while (!state->started) co_await state->fleet.untilChanged(steady_clock::time_point::max());
  const auto result = *state->started;
  if (!result) stop();
  co_return result;
}

xmpp::Client::Events Remote::events() {
  const auto state = state_.get();
  return {
      .online =
          [state](const Jid&) {
            if (!state->started) state->started = Result<>();
            ++state->fleetChanges;
            state->refreshMembers();
            state->fleet.changed();
          },
      .offline =
          [state](const Error& why, std::chrono::milliseconds) {
            if (!state->started) state->started = why;
            state->fleet.changed();
          },
      .presence = [state](const xmpp::Presence& presence) { state->fleet.received(presence); },
      .message = [state](const Element& message) { state->received(message); },
      .settled = [state](const Jid& contact) { state->fleet.settled(contact); },
  };
}

void Remote::stop() {
  state_->network.reset();
  if (state_->own) state_->own->stop();
  state_->exchanges.close();
  state_->fleet.keep();
}

awaitable<Remote::Listing> Remote::robots() {
  const auto begun = steady_clock::now();
  // What the relay last heard has to be of now.
  if (!state_->asking && begun - state_->membersToldAt > freshness && state_->client.online()) state_->refreshMembers();
  for (;;) {
    auto end = begun;
    if (state_->asking) end = std::max(begun, state_->relaySpoke) + longestSilence;
    // As long as the server's word on one after the other comes.
    if (!state_->fleet.isComplete())
      end = std::max({end, begun + state_->options.patience, state_->membersToldAt + state_->options.patience,
                      state_->fleet.settledAt() + state_->options.patience});
    end = std::min(end, begun + longestList);
    if (!state_->client.online() || steady_clock::now() >= end) break;
    co_await state_->fleet.untilChanged(end);
  }
  Listing listing;
  listing.robots = state_->fleet.robots();
  listing.isFleetUnknown = state_->options.membership && state_->membersToldAt + freshness < begun;
  listing.isComplete = !listing.isFleetUnknown && state_->fleet.isComplete();
  co_return listing;
}

awaitable<Result<std::vector<std::string>>> Remote::matching(policy::Glob names) {
  const auto end = steady_clock::now() + state_->options.patience;
  while (state_->fleet.areMembersAwaited() && state_->client.online() && steady_clock::now() < end)
    co_await state_->fleet.untilChanged(end);
  co_return state_->fleet.matching(names);
}

awaitable<Result<fleet::MembersInfo>> Remote::members() {
  if (!state_->options.membership) co_return notEnrolled;
  co_return co_await state_->askMembers();
}

awaitable<Result<>> Remote::tellRelay(Element request) {
  if (!state_->options.membership) co_return notEnrolled;
  const auto relay = Jid::parse(state_->options.membership->relay);
  if (!relay) co_return relay.error();
  auto asked = state_->client.set(*relay, std::move(request), relayDeadline);
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  co_return Result<>();
}

awaitable<Result<Element>> Remote::tellRobot(std::string robot, Element request, std::chrono::milliseconds time) {
  Request asked{.kind = Request::Kind::state, .payload = std::move(request), .time = time};
  co_return co_await state_->exchanges.ask(std::move(robot), std::move(asked));
}

Result<Jid> Remote::account(const std::string& robot) const { return state_->fleet.account(robot); }

unsigned long Remote::fleetChanges() const { return state_->fleetChanges; }

awaitable<void> Remote::untilFleetChanged(unsigned long before, steady_clock::time_point end) {
  while (state_->fleetChanges == before && steady_clock::now() < end) co_await state_->fleet.untilChanged(end);
}

fleet::KnownFleet& Remote::known() { return state_->options.known; }

awaitable<Result<std::vector<std::string>>> Remote::services(std::string robot) {
  const auto state = state_;
  Request request{.payload = rpc::servicesRequest(), .time = rpc::usualTime};
  const auto answer = co_await state->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readServices(*answer);
}

awaitable<Result<qi::MetaObject>> Remote::info(std::string robot, std::string service) {
  const auto state = state_;
  Request request{.payload = rpc::infoRequest(service), .time = rpc::usualTime};
  const auto answer = co_await state->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readInfo(*answer);
}

awaitable<Result<qi::Value>> Remote::call(std::string robot, std::string service, std::string method,
                                          qi::Json arguments, std::chrono::milliseconds time) {
  const auto state = state_;
  const rpc::Call wanted{std::move(service), std::move(method), arguments.dump(), time};
  Request request{.kind = Request::Kind::change, .payload = rpc::callRequest(wanted), .time = time};
  const auto answer = co_await state->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readValue(*answer);
}

awaitable<Result<>> Remote::post(std::string robot, std::string service, std::string method, qi::Json arguments) {
  const auto state = state_;
  const rpc::Call wanted{std::move(service), std::move(method), arguments.dump(), {}};
  Request request{.kind = Request::Kind::change, .payload = rpc::postRequest(wanted), .time = rpc::usualTime};
  const auto answer = co_await state->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return Result<>();
}

awaitable<Result<qi::Value>> Remote::get(std::string robot, std::string service, std::string property,
                                         std::chrono::milliseconds time) {
  const auto state = state_;
  // Named, since gcc 12 destroys a braced temporary inside a co_await expression twice.
  const rpc::Property wanted{std::move(service), std::move(property)};
  Request request{.payload = rpc::propertyRequest(wanted), .time = time};
  const auto answer = co_await state->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readValue(*answer);
}

awaitable<Result<>> Remote::set(std::string robot, std::string service, std::string property, qi::Json value,
                                std::chrono::milliseconds time) {
  const auto state = state_;
  const rpc::Property wanted{std::move(service), std::move(property)};
  Request request{.kind = Request::Kind::change, .payload = rpc::setRequest(wanted, value.dump()), .time = time};
  const auto answer = co_await state->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return Result<>();
}

awaitable<Result<std::shared_ptr<Watch>>> Remote::watch(std::string robot, std::string service, std::string member,
                                                        Watch::Events events) {
  const auto state = state_;
  const auto id = state->watchPrefix + std::to_string(++state->lastWatch);
  auto watch = std::make_shared<Watch>(state->fleet, state->exchanges, state->client, std::move(robot),
                                       std::move(service), std::move(member), id, std::move(events));
  state->watches[id] = watch;
  const auto begun = co_await watch->begin();
  if (!begun) co_return begun.error();
  // Holds the state, so that whoever drops Remote and watch need not wait.
  const auto keeping = [state, weak = std::weak_ptr(watch)]() -> awaitable<void> {
    co_await Watch::keep(weak, state->fleet);
  };
  boost::asio::co_spawn(state->context, keeping, boost::asio::detached);
  co_return watch;
}

}  // namespace beckon::remote
