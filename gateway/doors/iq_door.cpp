#include "gateway/doors/iq_door.hpp"

#include "core/qi/utf8.hpp"
#include "core/run/uuid.hpp"
#include "directory/json_call.hpp"
#include "gateway/repeats.hpp"
#include "gateway/subscriptions.hpp"
#include "gateway/visible_bus.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

namespace beckon::gateway {

using boost::asio::awaitable;
using policy::Verb;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::Element;
namespace rpc = xmpp::rpc;

namespace {

// Names one run, so that a time of an earlier one is recognised.
// In a moment, a hyphen ends the name of the start.
std::string newStart() {
  auto name = run::makeUuid();
  std::erase(name, '-');
  return name;
}

Element emptyResult(std::string_view name) { return Element(std::string(name), std::string(rpc::ns)); }

Result<Element> valueOr(std::string_view name, const Result<qi::Value>& value) {
  if (!value) return value.error();
  return rpc::valueResult(name, *value);
}

}  // namespace

struct IqDoor::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, policy::Policy rules, run::Log to)
      : io(context), policy(std::move(rules)), log(std::move(to)) {}

  boost::asio::io_context& io;
  policy::Policy policy;
  run::Log log;
  std::shared_ptr<VisibleBus> bus = std::make_shared<VisibleBus>();
  xmpp::Client* client = nullptr;
  Repeats repeats;
  std::shared_ptr<Subscriptions> subscriptions;
  const std::string start = newStart();
  const steady_clock::time_point startTime = steady_clock::now();

  bool allowed(const xmpp::Jid& from, Verb verb, const std::string& service = {},
               const std::string& member = {}) const {
    const auto decision = policy::decide(policy, {from.bare().text(), verb, service, member});
    // Anybody can make these lines: they are for who looks for them.
    if (!decision.allowed) log->debug("refused {}: {}", from.text(), decision.reason);
    return decision.allowed;
  }

  // What a request wants, once it can be read: whether it is allowed, and the answer.
  using Work = std::function<awaitable<Result<Element>>()>;
  struct Task {
    Verb verb;
    std::string service, member;
    Work work;
    bool changes = false;  // something: it may carry rpc::Once
  };

  void answer(const xmpp::IqRequest& request, const xmpp::IqReply& reply,
              Result<Task> (State::*read)(const xmpp::IqRequest&)) {
    // Whether somebody may ask anything at all comes before whether the request can be read.
    if (!allowed(request.from, Verb::list)) return reply.error(xmpp::serviceUnavailable);
    auto task = (this->*read)(request);
    if (!task) return reply.error(task.error());
    if (!allowed(request.from, task->verb, task->service, task->member)) return reply.error(xmpp::serviceUnavailable);
    const Repeats::Waiter waiter = [reply](const Result<Element>& outcome) {
      if (outcome)
        reply.result(*outcome);
      else
        reply.error(outcome.error());
    };
    if (!task->changes) return carryOut(request, std::move(*task), waiter);
    const auto once = rpc::Once::read(request.payload);
    if (!once) return reply.error(once.error());
    doOnce(request, std::move(*task), *once, waiter);
  }

  void doOnce(const xmpp::IqRequest& request, Task task, const rpc::Once& once, const Repeats::Waiter& waiter) {
    const auto account = request.from.bare().text();
    const auto now = steady_clock::now();
    repeats.forget(account, once.answered);
    if (!once.id.empty() && repeats.join(account, once.id, now, waiter)) return;
    if (once.expires)
      if (const auto inTime = check(*once.expires); !inTime) return waiter(inTime.error());
    if (once.id.empty()) return carryOut(request, std::move(task), waiter);
    if (!repeats.begin(account, once.id, now, waiter))
      return waiter(Error{Code::overloaded, "too many requests of " + account + " are remembered",
                          "say which answers have arrived, or wait two minutes"});
    carryOut(request, std::move(task),
             [weak = weak_from_this(), account, id = once.id](const Result<Element>& outcome) {
               if (const auto self = weak.lock()) self->repeats.finish(account, id, steady_clock::now(), outcome);
             });
  }

  void carryOut(const xmpp::IqRequest& request, Task task, Repeats::Waiter done) {
    const auto place = task.member.empty() ? task.service : task.service + "." + task.member;
    log->log(task.verb == Verb::list ? spdlog::level::debug : spdlog::level::info, "{} {} for {}", request.payload.name,
             qi::printable(place, 200), request.from.text());
    const auto run = [self = shared_from_this(), work = std::move(task.work),
                      done = std::move(done)]() -> awaitable<void> {
      const auto outcome = co_await work();
      done(outcome);
    };
    boost::asio::co_spawn(io, run, boost::asio::detached);
  }

  rpc::Moment now() const {
    return {start, std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - startTime)};
  }

  Result<> check(const rpc::Moment& expires) const {
    const auto current = now();
    if (expires.start == start && expires.time > current.time + rpc::longestTime)
      return Error{Code::badArguments, "the request expires more than 60 s from now",
                   "ask the robot for <clock/>, and let a request wait 60 s at most"};
    if (expires.start == start && expires.time >= current.time) return {};
    if (expires.start != start)
      return Error{Code::tooLate, "the robot has started anew since the request was made",
                   "look whether it was carried out before, then ask again"};
    return Error{Code::tooLate, "the request came too late, and was not carried out",
                 "look at the connection, then ask again"};
  }

  awaitable<Result<Element>> services() {
    const auto names = co_await bus->services();
    if (!names) co_return names.error();
    co_return rpc::servicesResult(*names);
  }
  awaitable<Result<Element>> info(std::string service) {
    const auto object = co_await bus->service(service);
    if (!object) co_return object.error();
    co_return rpc::infoResult(service, (*object)->metaObject());
  }
  awaitable<Result<Element>> get(rpc::Property property) {
    const auto object = co_await bus->service(property.service);
    if (!object) co_return object.error();
    const auto value = co_await (*object)->property(property.name, rpc::usualTime);
    co_return valueOr(rpc::property, value);
  }
  awaitable<Result<Element>> set(rpc::Property property, std::string text) {
    const auto object = co_await bus->service(property.service);
    if (!object) co_return object.error();
    auto value = qi::parseJson(text);
    if (!value) co_return value.error();
    const auto done = co_await directory::setWithJson(*object, property.name, std::move(*value), rpc::usualTime);
    if (!done) co_return done.error();
    co_return emptyResult(rpc::property);
  }
  awaitable<Result<Element>> call(rpc::Call call) {
    const auto object = co_await bus->service(call.service);
    if (!object) co_return object.error();
    auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    const auto value = co_await directory::callWithJson(*object, call.method, std::move(*arguments), call.time);
    co_return valueOr(rpc::call, value);
  }
  awaitable<Result<Element>> post(rpc::Call call) {
    const auto object = co_await bus->service(call.service);
    if (!object) co_return object.error();
    const auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    const auto sent = directory::postWithJson(**object, call.method, *arguments);
    if (!sent) co_return sent.error();
    co_return emptyResult(rpc::post);
  }
  awaitable<Result<Element>> subscribe(xmpp::Jid from, rpc::Subscription wanted) {
    const auto id = wanted.id;
    const auto subscribed = co_await subscriptions->subscribe(std::move(from), std::move(wanted));
    if (!subscribed) co_return subscribed.error();
    co_return rpc::subscribeResult(id, *subscribed);
  }
  awaitable<Result<Element>> tellTime() { co_return rpc::clockResult(now()); }
  awaitable<Result<Element>> unsubscribe(xmpp::Jid from, std::string id) {
    subscriptions->unsubscribe(from, id);
    co_return emptyResult(rpc::unsubscribe);
  }

  Result<Task> readServices(const xmpp::IqRequest&) {
    return Task{Verb::list, {}, {}, [this] { return services(); }};
  }
  Result<Task> readClock(const xmpp::IqRequest&) {
    return Task{Verb::list, {}, {}, [this] { return tellTime(); }};
  }
  Result<Task> readInfo(const xmpp::IqRequest& request) {
    auto service = rpc::readService(request.payload);
    if (!service) return service.error();
    return Task{Verb::list, *service, {}, [this, name = *service] { return info(name); }};
  }
  Result<Task> readCall(const xmpp::IqRequest& request) {
    auto call = rpc::readCall(request.payload);
    if (!call) return call.error();
    return Task{Verb::call, call->service, call->method, [this, wanted = *call] { return this->call(wanted); }, true};
  }
  Result<Task> readPost(const xmpp::IqRequest& request) {
    auto call = rpc::readCall(request.payload);
    if (!call) return call.error();
    return Task{Verb::post, call->service, call->method, [this, wanted = *call] { return post(wanted); }, true};
  }
  Result<Task> readGet(const xmpp::IqRequest& request) {
    auto property = rpc::readProperty(request.payload);
    if (!property) return property.error();
    return Task{Verb::get, property->service, property->name, [this, wanted = *property] { return get(wanted); }};
  }
  Result<Task> readSet(const xmpp::IqRequest& request) {
    auto property = rpc::readProperty(request.payload);
    if (!property) return property.error();
    return Task{Verb::set, property->service, property->name,
                [this, wanted = *property, value = request.payload.text] { return set(wanted, value); }, true};
  }
  Result<Task> readSubscribe(const xmpp::IqRequest& request) {
    auto wanted = rpc::readSubscribe(request.payload);
    if (!wanted) return wanted.error();
    return Task{Verb::watch, wanted->service, wanted->member,
                [this, from = request.from, what = *wanted] { return subscribe(from, what); }};
  }
  // Whoever may ask anything may end what is his own.
  Result<Task> readUnsubscribe(const xmpp::IqRequest& request) {
    auto id = rpc::readUnsubscribe(request.payload);
    if (!id) return id.error();
    return Task{Verb::list, {}, {}, [this, from = request.from, which = *id] { return unsubscribe(from, which); }};
  }
};

IqDoor::IqDoor(boost::asio::io_context& io, policy::Policy policy, run::Log log)
    : state_(std::make_shared<State>(io, std::move(policy), log)) {
  const std::weak_ptr<State> weak = state_;
  const auto send = [weak](const Element& stanza) -> Result<> {
    const auto state = weak.lock();
    if (state && state->client) return state->client->send(stanza);
    return Error{Code::connectionLost, "the door is closed", {}};
  };
  state_->subscriptions = std::make_shared<Subscriptions>(io, state_->bus, send, log, Subscriptions::Options());
}

IqDoor::~IqDoor() { close(); }

void IqDoor::use(std::shared_ptr<directory::Session> bus) { state_->bus->use(std::move(bus)); }

void IqDoor::open(xmpp::Client& client) {
  state_->client = &client;
  const auto handle = [&](std::string_view type, std::string_view name,
                          Result<State::Task> (State::*read)(const xmpp::IqRequest&)) {
    client.handle(type, name, rpc::ns,
                  [state = state_, read](const xmpp::IqRequest& request, const xmpp::IqReply& reply) {
                    state->answer(request, reply, read);
                  });
  };
  handle("get", rpc::services, &State::readServices);
  handle("get", rpc::clock, &State::readClock);
  handle("get", rpc::info, &State::readInfo);
  handle("get", rpc::property, &State::readGet);
  handle("set", rpc::property, &State::readSet);
  handle("set", rpc::call, &State::readCall);
  handle("set", rpc::post, &State::readPost);
  handle("set", rpc::subscribe, &State::readSubscribe);
  handle("set", rpc::unsubscribe, &State::readUnsubscribe);
}

void IqDoor::close() {
  state_->subscriptions->close();
  state_->client = nullptr;
}

}  // namespace beckon::gateway
