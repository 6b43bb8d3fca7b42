#include "gateway/doors/iq_door.hpp"

#include "core/qi/utf8.hpp"
#include "core/run/uuid.hpp"
#include "directory/json_call.hpp"
#include "gateway/doors/iq_record.hpp"
#include "gateway/leased.hpp"
#include "gateway/repeats.hpp"
#include "gateway/safety.hpp"
#include "gateway/seats.hpp"
#include "gateway/subscriptions.hpp"
#include "gateway/visible_bus.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

namespace beckon::gateway {

using boost::asio::awaitable;
using policy::Verb;
using policy::audit::What;
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

// Whoever asked has been answered.
const Error overByNow{Code::leaseNeeded, "the control lease has ended", {}};

}  // namespace

struct IqDoor::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, policy::Authority& rules, run::Log to)
      : io(context), authority(rules), log(std::move(to)) {}

  boost::asio::io_context& io;
  policy::Authority& authority;
  run::Log log;
  IqRecord record;
  std::shared_ptr<VisibleBus> bus = std::make_shared<VisibleBus>();
  xmpp::Client* client = nullptr;
  Repeats repeats;
  std::shared_ptr<Subscriptions> subscriptions;
  std::optional<Seats> seats;  // at Control
  LeasedRequests underLeases;
  std::shared_ptr<void> losing;     // told of leases that end
  std::shared_ptr<void> listening;  // to changes of the policy
  const std::string start = newStart();
  const steady_clock::time_point startTime = steady_clock::now();

  std::shared_ptr<policy::View> viewOf(const xmpp::Jid& from) {
    return authority.view({from.bare().text(), {}, policy::Door::iq});
  }

  // What a request may: by which view of the bus, and for how long.
  struct Grant {
    VisibleBus::Caller caller;
    std::chrono::milliseconds longest = rpc::longestTime;
    std::shared_ptr<Leased> leased = nullptr;  // of what takes a control lease
  };
  // What a request wants, once it can be read: what is asked of the policy, and the answer.
  using Work = std::function<awaitable<Result<Element>>(const Grant&)>;
  struct Task {
    Verb verb;
    std::string service, member;
    Work work;
    bool changes = false;  // something: it may carry rpc::Once
    std::size_t payload = 0;
    bool isRepeat = false;
  };

  void answer(const xmpp::IqRequest& request, const xmpp::IqReply& reply,
              Result<Task> (State::*read)(const xmpp::IqRequest&)) {
    const IqRecord::Answer tell = [reply](const Result<Element>& outcome) {
      if (outcome)
        reply.result(*outcome);
      else
        reply.error(outcome.error());
    };
    // Whether somebody may ask anything at all comes before whether the request can be read.
    const auto view = viewOf(request.from);
    if (view->isEmpty()) {
      log->debug("refused {}: no rule is for it", request.from.text());  // anybody can make these lines
      const auto asStranger = [reply](const Result<Element>&) { reply.error(xmpp::serviceUnavailable); };
      return record.refusing(recorded(request, {}, What::list), "no-rule", asStranger)(Error{});
    }
    auto task = (this->*read)(request);
    if (!task) return reply.error(task.error());
    const auto session = request.from.text();
    Grant grant{{view, {}, session}};
    // What it ends (a watch) is in the record before it is answered.
    if (task->verb == Verb::list) return carryOut(request, std::move(*task), std::move(grant), record.listing(tell));
    if (!record.takesMore() && !isForSafety(view->policy(), task->service, task->member))
      return tell(policy::audit::Trail::failure());
    const policy::Act act{task->verb, task->service, task->member, task->payload, task->isRepeat, session};
    const auto decision = view->decide(act);
    auto asked = recorded(request, *task, policy::audit::whatOf(task->verb));
    asked.rule = decision.ruleName();
    asked.version = view->policy().version();
    if (!decision) {
      log->debug("refused: {}", qi::printable(view->explain(act, decision), 300));
      const auto refused = record.refusing(std::move(asked), policy::text(decision.refusal), tell);
      if (decision.isVisible) return refused(policy::toError(act, decision));
      return answerAsAbsent(request, refused, std::move(*task), std::move(grant));
    }
    grant.longest = decision.rule->limits.deadline.value_or(grant.longest);
    if (decision.lease)
      grant.leased = std::make_shared<Leased>(view->caller().principal, session, decision.lease->name);
    if (decision.rule->limits.logsArguments && task->changes) asked.arguments = request.payload.text;
    const Repeats::Waiter waiter = record.answering(std::move(asked), tell);
    if (!task->changes) return carryOut(request, std::move(*task), std::move(grant), waiter);
    const auto once = rpc::Once::read(request.payload);
    if (!once) return waiter(once.error());
    doOnce(request, std::move(*task), std::move(grant), *once, waiter);
  }

  static IqRecord::Request recorded(const xmpp::IqRequest& request, const Task& task, What what) {
    const auto once = rpc::Once::read(request.payload);
    return {.from = request.from,
            .id = once ? once->id : std::string(),
            .what = what,
            .service = task.service,
            .member = task.member,
            .bytes = task.payload};
  }

  // As what is not there, and the same for each verb: nothing is done, since the member cannot be found.
  void answerAsAbsent(const xmpp::IqRequest& request, const IqRecord::Answer& tell, Task task, Grant grant) {
    grant.caller.without = task.member.substr(0, task.member.find("::"));
    carryOut(request, std::move(task), std::move(grant), [tell](const Result<Element>& outcome) {
      tell(outcome ? Error{Code::internal, "a member that was refused was found", {}} : outcome.error());
    });
  }

  void doOnce(const xmpp::IqRequest& request, Task task, Grant grant, const rpc::Once& once,
              const Repeats::Waiter& waiter) {
    const auto account = request.from.bare().text();
    const auto now = steady_clock::now();
    repeats.forget(account, once.answered);
    if (!once.id.empty() && repeats.join(account, once.id, now, waiter)) return;
    if (once.expires)
      if (const auto inTime = check(*once.expires); !inTime) {
        log->warn("{} of {}.{} for {} was not carried out: {}", request.payload.name, qi::printable(task.service, 100),
                  qi::printable(task.member, 100), request.from.text(), inTime.error().cause);
        return waiter(inTime.error());
      }
    if (once.id.empty()) return carryOut(request, std::move(task), std::move(grant), waiter);
    if (!repeats.begin(account, once.id, now, waiter))
      return waiter(Error{Code::overloaded, "too many requests of " + account + " are remembered",
                          "say which answers have arrived, or wait two minutes"});
    carryOut(request, std::move(task), std::move(grant),
             [weak = weak_from_this(), account, id = once.id](const Result<Element>& outcome) {
               if (const auto self = weak.lock()) self->repeats.finish(account, id, steady_clock::now(), outcome);
             });
  }

  void carryOut(const xmpp::IqRequest& request, Task task, Grant grant, Repeats::Waiter done) {
    const auto place = task.member.empty() ? task.service : task.service + "." + task.member;
    log->log(task.verb == Verb::list ? spdlog::level::debug : spdlog::level::info, "{} {} for {}", request.payload.name,
             qi::printable(place, 200), request.from.text());
    if (grant.leased) {
      grant.leased->begin(std::move(done));
      done = [leased = grant.leased](const Result<Element>& outcome) { leased->finish(outcome); };
      underLeases.add(grant.leased);
    }
    const auto leased = grant.leased;
    const auto run = [self = shared_from_this(), work = std::move(task.work), grant = std::move(grant),
                      done = std::move(done)]() -> awaitable<void> {
      const auto outcome = co_await work(grant);
      done(outcome);
    };
    if (!leased) return boost::asio::co_spawn(io, run, boost::asio::detached);
    boost::asio::co_spawn(io, run, boost::asio::bind_cancellation_slot(leased->slot(), boost::asio::detached));
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

  std::optional<Error> whyNotWatched(const xmpp::Jid& account, const rpc::Subscription& what) {
    const policy::Act act{Verb::watch, what.service, what.member, 0, true};
    const auto decision = viewOf(account)->decide(act);
    if (decision) return std::nullopt;
    return policy::toError(act, decision);
  }

  awaitable<Result<Element>> services(Grant grant) {
    const auto names = co_await bus->services(grant.caller);
    if (!names) co_return names.error();
    co_return rpc::servicesResult(*names);
  }
  awaitable<Result<Element>> info(Grant grant, std::string service) {
    const auto object = co_await bus->service(grant.caller, service);
    if (!object) co_return object.error();
    co_return rpc::infoResult(service, (*object)->metaObject());
  }
  awaitable<Result<Element>> get(Grant grant, rpc::Property property) {
    const auto object = co_await bus->service(grant.caller, property.service);
    if (!object) co_return object.error();
    const auto value = co_await (*object)->property(property.name, std::min(rpc::usualTime, grant.longest));
    co_return valueOr(rpc::property, value);
  }
  awaitable<Result<Element>> set(Grant grant, rpc::Property property, std::string text) {
    const auto object = co_await bus->service(grant.caller, property.service);
    if (!object) co_return object.error();
    auto value = qi::parseJson(text);
    if (!value) co_return value.error();
    if (grant.leased && grant.leased->isOver()) co_return overByNow;
    const auto done = co_await directory::setWithJson(*object, property.name, std::move(*value),
                                                      std::min(rpc::usualTime, grant.longest));
    if (!done) co_return done.error();
    co_return emptyResult(rpc::property);
  }
  awaitable<Result<Element>> call(Grant grant, rpc::Call call) {
    const auto object = co_await bus->service(grant.caller, call.service);
    if (!object) co_return object.error();
    auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    if (grant.leased && grant.leased->isOver()) co_return overByNow;
    const auto value = co_await directory::callWithJson(*object, call.method, std::move(*arguments),
                                                        std::min(call.time, grant.longest));
    co_return valueOr(rpc::call, value);
  }
  awaitable<Result<Element>> post(Grant grant, rpc::Call call) {
    const auto object = co_await bus->service(grant.caller, call.service);
    if (!object) co_return object.error();
    const auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    if (grant.leased && grant.leased->isOver()) co_return overByNow;
    const auto sent = directory::postWithJson(**object, call.method, *arguments);
    if (!sent) co_return sent.error();
    co_return emptyResult(rpc::post);
  }
  awaitable<Result<Element>> subscribe(Grant grant, xmpp::Jid from, rpc::Subscription wanted) {
    const auto id = wanted.id;
    const auto subscribed = co_await subscriptions->subscribe(grant.caller, std::move(from), std::move(wanted));
    if (!subscribed) co_return subscribed.error();
    co_return rpc::subscribeResult(id, *subscribed);
  }
  awaitable<Result<Element>> tellTime() { co_return rpc::clockResult(now()); }
  awaitable<Result<Element>> unsubscribe(xmpp::Jid from, std::string id) {
    subscriptions->unsubscribe(from, id);
    co_return emptyResult(rpc::unsubscribe);
  }

  // Whether it is one that came before: then it was counted already.
  bool isRepeat(const xmpp::IqRequest& request) const {
    const auto once = rpc::Once::read(request.payload);
    return once && !once->id.empty() && repeats.knows(request.from.bare().text(), once->id);
  }

  Result<Task> readServices(const xmpp::IqRequest&) {
    return Task{Verb::list, {}, {}, [this](const Grant& grant) { return services(grant); }};
  }
  Result<Task> readClock(const xmpp::IqRequest&) {
    return Task{Verb::list, {}, {}, [this](const Grant&) { return tellTime(); }};
  }
  Result<Task> readInfo(const xmpp::IqRequest& request) {
    auto service = rpc::readService(request.payload);
    if (!service) return service.error();
    return Task{Verb::list, *service, {}, [this, name = *service](const Grant& grant) { return info(grant, name); }};
  }
  Result<Task> readCall(const xmpp::IqRequest& request) {
    auto call = rpc::readCall(request.payload);
    if (!call) return call.error();
    return Task{Verb::call,
                call->service,
                call->method,
                [this, wanted = *call](const Grant& grant) { return this->call(grant, wanted); },
                true,
                call->arguments.size(),
                isRepeat(request)};
  }
  Result<Task> readPost(const xmpp::IqRequest& request) {
    auto call = rpc::readCall(request.payload);
    if (!call) return call.error();
    return Task{Verb::post,
                call->service,
                call->method,
                [this, wanted = *call](const Grant& grant) { return post(grant, wanted); },
                true,
                call->arguments.size(),
                isRepeat(request)};
  }
  Result<Task> readGet(const xmpp::IqRequest& request) {
    auto property = rpc::readProperty(request.payload);
    if (!property) return property.error();
    return Task{Verb::get, property->service, property->name,
                [this, wanted = *property](const Grant& grant) { return get(grant, wanted); }};
  }
  Result<Task> readSet(const xmpp::IqRequest& request) {
    auto property = rpc::readProperty(request.payload);
    if (!property) return property.error();
    return Task{Verb::set,
                property->service,
                property->name,
                [this, wanted = *property, value = request.payload.text](const Grant& grant) {
                  return set(grant, wanted, value);
                },
                true,
                request.payload.text.size(),
                isRepeat(request)};
  }
  Result<Task> readSubscribe(const xmpp::IqRequest& request) {
    auto wanted = rpc::readSubscribe(request.payload);
    if (!wanted) return wanted.error();
    return Task{
        Verb::watch,
        wanted->service,
        wanted->member,
        [this, from = request.from, what = *wanted](const Grant& grant) { return subscribe(grant, from, what); },
        false,
        0,
        subscriptions->has(request.from, *wanted)};
  }
  // Whoever may ask anything may end what is his own.
  Result<Task> readUnsubscribe(const xmpp::IqRequest& request) {
    auto id = rpc::readUnsubscribe(request.payload);
    if (!id) return id.error();
    return Task{Verb::list, {}, {}, [this, from = request.from, which = *id](const Grant&) {
                  return unsubscribe(from, which);
                }};
  }
};

IqDoor::IqDoor(boost::asio::io_context& io, policy::Authority& authority, run::Log log)
    : state_(std::make_shared<State>(io, authority, log)) {
  const std::weak_ptr<State> weak = state_;
  const auto send = [weak](const Element& stanza) -> Result<> {
    const auto state = weak.lock();
    if (state && state->client) return state->client->send(stanza);
    return Error{Code::connectionLost, "the door is closed", {}};
  };
  // Subscriptions end with the door, which the authority outlives.
  const auto check = [state = state_.get()](const xmpp::Jid& account, const rpc::Subscription& what) {
    return state->whyNotWatched(account, what);
  };
  state_->subscriptions = std::make_shared<Subscriptions>(io, state_->bus, send, check, log, Subscriptions::Options());
  state_->subscriptions->onEnded([weak](const xmpp::Jid& who, const rpc::Subscription& what, std::string_view why) {
    if (const auto state = weak.lock()) state->record.unwatched(who, what.service, what.member, why);
  });
  state_->listening = authority.onChange([weak] {
    const auto state = weak.lock();
    if (!state) return;
    state->bus->forget();
    state->subscriptions->review();
  });
}

IqDoor::~IqDoor() { close(); }

void IqDoor::offer(std::shared_ptr<Control> control) {
  state_->losing = control->onLost([weak = std::weak_ptr(state_)](const policy::Lease& lease, const auto& who) {
    const auto state = weak.lock();
    if (!state) return;
    state->underLeases.lost(lease, who);
    state->bus->takeBack(lease);
  });
  state_->seats.emplace(std::move(control));
  // The bus lives no longer than the door's state, whose part it is.
  state_->bus->offerControl([state = state_.get()](const VisibleBus::Caller& caller) {
    return state->seats->of(caller.view->caller(), caller.session);
  });
}

void IqDoor::record(std::shared_ptr<policy::audit::Trail> trail) { state_->record = IqRecord(std::move(trail)); }

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
  state_->listening.reset();
  state_->losing.reset();
  state_->subscriptions->close();
  if (state_->seats) state_->seats->clear();
  state_->client = nullptr;
}

}  // namespace beckon::gateway
