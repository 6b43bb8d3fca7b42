#include "remote/other_robots.hpp"

#include "core/qi/json.hpp"
#include "core/qi/object_scan.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <nlohmann/json.hpp>

namespace beckon::remote {

using run::Code;
using run::Error;
using run::Result;

namespace {

// Programs of the bus wait for as long as a call takes; over XMPP that is bounded.
constexpr auto longest = xmpp::rpc::longestTime;

const Error tooManyCalls{Code::overloaded, "this robot asks too many things of other robots at a time",
                         "wait for answers before asking more"};
const Error tooManyWatches{Code::overloaded, "this robot watches too much of other robots",
                           "let go of what was given for watching before"};

// The other robot knows the types that it wants. An object is a number that means something on this bus only.
Result<qi::Json> toSend(const qi::Value& value) {
  const auto type = value.signature();
  const auto holds = qi::holdsObjects(qi::encodeValue(value), type);
  if (!holds) return holds.error();
  if (*holds)
    return Error{Code::badArguments, "an object of this robot's bus cannot be used by another robot",
                 "pass its values"};
  return Result<qi::Json>(boost::system::in_place_value, qi::withoutTypes(qi::toJson(value)));
}

// A program of the bus gets a text only: what can be decided by begins it.
Error onBus(const Error& error) {
  const auto text = std::string(run::codeText(error.code)) + ": " + error.cause;
  return {error.code, error.nextStep.empty() ? text : text + "; " + error.nextStep, {}};
}

const char* text(Robot::State state) {
  switch (state) {
    case Robot::State::online:
      return "online";
    case Robot::State::suspect:
      return "suspect";
    case Robot::State::offline:
      return "offline";
    case Robot::State::unknown:
      break;
  }
  return "unknown";
}

const char* text(Watch::State state) {
  return state == Watch::State::live ? "live" : state == Watch::State::serviceGone ? "service gone" : "away";
}

}  // namespace

// What a program gets for watching: whoever lets go of the object ends it.
struct OtherRobots::Watched {
  std::shared_ptr<localbus::Object> object;
  std::shared_ptr<Watch> watch;
};

OtherRobots::OtherRobots(boost::asio::io_context& io, Remote& remote) : io_(io), remote_(remote) {
  using localbus::Reply;
  using std::string;
  using Values = std::vector<qi::Value>;
  localbus::ObjectBuilder builder;
  builder.method(
      "robots", [this](Reply<std::map<string, string>> reply) { answer(std::move(reply), robots()); },
      "The accounts of the robots that may be used from here: online, suspect, offline, unknown, or refused.");
  builder.method(
      "services",
      [this](Reply<std::vector<string>> reply, string robot) { answer(std::move(reply), services(std::move(robot))); },
      "What it shows to this robot. A robot is its account, what stands before the @, or its id.");
  // Not "call", which libqi's proxies have themselves.
  builder.method(
      "invoke",
      [this](Reply<qi::Value> reply, string robot, string service, string method, Values arguments) {
        answer(std::move(reply), call(std::move(robot), std::move(service), std::move(method), std::move(arguments)));
      },
      "(robot, service, method, [arguments]): the result; 60 s at most.");
  builder.method(
      "get",
      [this](Reply<qi::Value> reply, string robot, string service, string property) {
        answer(std::move(reply), get(std::move(robot), std::move(service), std::move(property)));
      },
      "(robot, service, property)");
  builder.method(
      "set",
      [this](Reply<void> reply, string robot, string service, string property, qi::Value value) {
        answer(std::move(reply), set(std::move(robot), std::move(service), std::move(property), std::move(value)));
      },
      "(robot, service, property, value)");
  builder.method(
      "watch",
      [this](Reply<std::shared_ptr<localbus::Object>> reply, string robot, string service, string member) {
        answer(std::move(reply), watch(std::move(robot), std::move(service), std::move(member)));
      },
      "(robot, service, signal or property): an object with the signals event, missed, state and ended. Whoever lets "
      "go of it ends the watching.");
  object_ = builder.build();
}

OtherRobots::~OtherRobots() { close(); }

void OtherRobots::close() {
  for (const auto& weak : watches_)
    if (const auto watched = weak.lock()) watched->watch.reset();
  watches_.clear();
}

template <class T>
void OtherRobots::answer(localbus::Reply<T> reply, Awaitable<T> work) {
  if (underWay_ >= mostCalls) return reply(onBus(tooManyCalls));
  ++underWay_;
  const auto kept = std::make_shared<localbus::Reply<T>>(std::move(reply));
  boost::asio::co_spawn(io_, std::move(work), [this, kept](std::exception_ptr broken, Result<T> result) {
    --underWay_;
    if (broken) std::rethrow_exception(broken);
    (*kept)(result ? std::move(result) : Result<T>(onBus(result.error())));
  });
}

OtherRobots::Awaitable<std::map<std::string, std::string>> OtherRobots::robots() {
  auto listing = remote_.robots();
  const auto listed = co_await std::move(listing);
  std::map<std::string, std::string> out;
  for (const auto& robot : listed.robots) out[robot.account] = robot.problem ? "refused" : text(robot.state());
  co_return out;
}

OtherRobots::Awaitable<std::vector<std::string>> OtherRobots::services(std::string robot) {
  return remote_.services(std::move(robot));
}

OtherRobots::Awaitable<qi::Value> OtherRobots::call(std::string robot, std::string service, std::string method,
                                                    std::vector<qi::Value> given) {
  qi::Json arguments = qi::Json::array();
  for (const auto& value : given) {
    auto json = toSend(value);
    if (!json) co_return json.error();
    arguments.push_back(std::move(*json));
  }
  auto asked = remote_.call(std::move(robot), std::move(service), std::move(method), std::move(arguments), longest);
  co_return co_await std::move(asked);
}

OtherRobots::Awaitable<qi::Value> OtherRobots::get(std::string robot, std::string service, std::string property) {
  return remote_.get(std::move(robot), std::move(service), std::move(property), longest);
}

OtherRobots::Awaitable<void> OtherRobots::set(std::string robot, std::string service, std::string property,
                                              qi::Value value) {
  auto json = toSend(value);
  if (!json) co_return json.error();
  auto asked = remote_.set(std::move(robot), std::move(service), std::move(property), std::move(*json), longest);
  co_return co_await std::move(asked);
}

OtherRobots::Awaitable<std::shared_ptr<localbus::Object>> OtherRobots::watch(std::string robot, std::string service,
                                                                             std::string member) {
  std::erase_if(watches_, [](const auto& weak) { return weak.expired(); });
  if (watches_.size() >= mostWatches) co_return tooManyWatches;
  localbus::ObjectBuilder builder;
  const auto event = builder.signal<std::vector<qi::Value>>("event");  // its arguments
  const auto missed = builder.signal<std::int64_t>("missed");          // how many; -1: not known
  const auto state = builder.signal<std::string>("state");
  const auto ended = builder.signal<std::string, std::string>("ended");  // the error's code and cause
  const auto watched = std::make_shared<Watched>();
  watched->object = builder.build();
  watches_.push_back(watched);
  Watch::Events events;
  events.value = [event](const qi::Value& arguments) {
    if (const auto* tuple = arguments.as<qi::Tuple>()) event(tuple->items);
  };
  events.missed = [missed](std::optional<std::uint64_t> count) {
    missed(count ? static_cast<std::int64_t>(*count) : -1);
  };
  events.state = [state](Watch::State now) { state(text(now)); };
  events.ended = [ended](const Error& why) { ended(std::string(run::codeText(why.code)), why.cause); };
  auto begun = remote_.watch(std::move(robot), std::move(service), std::move(member), std::move(events));
  auto watching = co_await std::move(begun);
  if (!watching) co_return watching.error();
  watched->watch = std::move(*watching);
  co_return std::shared_ptr<localbus::Object>(watched, watched->object.get());
}

}  // namespace beckon::remote
