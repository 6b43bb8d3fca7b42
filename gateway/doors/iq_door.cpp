#include "gateway/doors/iq_door.hpp"

#include "core/qi/utf8.hpp"
#include "core/run/uuid.hpp"
#include "directory/json_call.hpp"
#include "gateway/repeats.hpp"
#include "gateway/subscriptions.hpp"
#include "xmpp/rpc.hpp"

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

// As the record names it.
constexpr std::string_view iqDoor = "iq";

}  // namespace

struct IqDoor::State : std::enable_shared_from_this<IqDoor::State> {
  explicit State(std::shared_ptr<XmppRequests> to) : requests(std::move(to)) {}

  std::shared_ptr<XmppRequests> requests;
  xmpp::Client* client = nullptr;
  Repeats repeats;
  std::shared_ptr<Subscriptions> subscriptions;
  std::shared_ptr<void> listening;  // to changes of the policy
  const std::string start = newStart();
  const steady_clock::time_point startTime = steady_clock::now();

  using Grant = XmppRequests::Grant;
  using Request = XmppRequests::Request;

  void answer(const xmpp::IqRequest& asked, const xmpp::IqReply& reply,
              Result<Request> (State::*read)(const xmpp::IqRequest&)) {
    const auto asStranger = [reply] { reply.error(xmpp::serviceUnavailable); };
    if (!requests->admits(asked.from, iqDoor, asStranger)) return;
    auto request = (this->*read)(asked);
    if (!request) return reply.error(request.error());
    // What is under way may outlive the door.
    request->work = [self = shared_from_this(), work = std::move(request->work)](const Grant& grant) {
      return work(grant);
    };
    const XmppRequests::Answer tell = [reply](const Result<Element>& outcome) {
      if (outcome)
        reply.result(*outcome);
      else
        reply.error(outcome.error());
    };
    requests->ask(std::move(*request), tell,
                  [this, payload = asked.payload](Request granted, Grant grant, const auto& waiter) {
                    if (!granted.changes) return requests->perform(std::move(granted), std::move(grant), waiter);
                    const auto once = rpc::Once::read(payload);
                    if (!once) return waiter(once.error());
                    doOnce(payload, std::move(granted), std::move(grant), *once, waiter);
                  });
  }

  void doOnce(const Element& payload, Request request, Grant grant, const rpc::Once& once,
              const Repeats::Waiter& waiter) {
    const auto account = request.from.bare().text();
    const auto now = steady_clock::now();
    repeats.forget(account, once.answered);
    if (!once.id.empty() && repeats.join(account, once.id, now, waiter)) return;
    if (once.expires)
      if (const auto inTime = check(*once.expires); !inTime) {
        requests->log()->warn("{} of {}.{} for {} was not carried out: {}", payload.name,
                              qi::printable(request.service, 100), qi::printable(request.member, 100),
                              request.from.text(), inTime.error().cause);
        return waiter(inTime.error());
      }
    if (once.id.empty()) return requests->perform(std::move(request), std::move(grant), waiter);
    if (!repeats.begin(account, once.id, now, waiter))
      return waiter(Error{Code::overloaded, "too many requests of " + account + " are remembered",
                          "say which answers have arrived, or wait two minutes"});
    requests->perform(std::move(request), std::move(grant),
                      [weak = weak_from_this(), account, id = once.id](const Result<Element>& outcome) {
                        if (const auto self = weak.lock())
                          self->repeats.finish(account, id, steady_clock::now(), outcome);
                      });
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
    const auto decision = requests->viewOf(account)->decide(act);
    if (decision) return std::nullopt;
    return policy::toError(act, decision);
  }

  awaitable<Result<Element>> services(Grant grant) {
    const auto names = co_await requests->bus()->services(grant.caller);
    if (!names) co_return names.error();
    co_return rpc::servicesResult(*names);
  }
  awaitable<Result<Element>> info(Grant grant, std::string service) {
    const auto object = co_await requests->bus()->service(grant.caller, service);
    if (!object) co_return object.error();
    co_return rpc::infoResult(service, (*object)->metaObject());
  }
  awaitable<Result<Element>> get(Grant grant, rpc::Property property) {
    const auto object = co_await requests->bus()->service(grant.caller, property.service);
    if (!object) co_return object.error();
    const auto value = co_await (*object)->property(property.name, std::min(rpc::usualTime, grant.longest));
    co_return valueOr(rpc::property, value);
  }
  awaitable<Result<Element>> set(Grant grant, rpc::Property property, std::string text) {
    const auto object = co_await requests->bus()->service(grant.caller, property.service);
    if (!object) co_return object.error();
    auto value = qi::parseJson(text);
    if (!value) co_return value.error();
    if (grant.isOver()) co_return XmppRequests::overByNow;
    const auto done = co_await directory::setWithJson(*object, property.name, std::move(*value),
                                                      std::min(rpc::usualTime, grant.longest));
    if (!done) co_return done.error();
    co_return emptyResult(rpc::property);
  }
  awaitable<Result<Element>> call(Grant grant, rpc::Call call) {
    const auto object = co_await requests->bus()->service(grant.caller, call.service);
    if (!object) co_return object.error();
    auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    if (grant.isOver()) co_return XmppRequests::overByNow;
    const auto value = co_await directory::callWithJson(*object, call.method, std::move(*arguments),
                                                        std::min(call.time, grant.longest));
    co_return valueOr(rpc::call, value);
  }
  awaitable<Result<Element>> post(Grant grant, rpc::Call call) {
    const auto object = co_await requests->bus()->service(grant.caller, call.service);
    if (!object) co_return object.error();
    const auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    if (grant.isOver()) co_return XmppRequests::overByNow;
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
    requests->log()->debug("unsubscribe {} for {}", qi::printable(id, 40), from.text());
    subscriptions->unsubscribe(from, id);
    co_return emptyResult(rpc::unsubscribe);
  }

  // A look around, which every caller with any right may take.
  Request looking(const xmpp::IqRequest& asked, XmppRequests::Work work, std::string service = {}) const {
    return {.from = asked.from, .door = iqDoor, .service = std::move(service), .work = std::move(work)};
  }
  // What changes something: it may carry rpc::Once.
  Request changing(const xmpp::IqRequest& asked, Verb verb, std::string service, std::string member,
                   std::string arguments, XmppRequests::Work work) const {
    const auto once = rpc::Once::read(asked.payload);
    const auto id = once ? once->id : std::string();
    return {.from = asked.from,
            .door = iqDoor,
            .verb = verb,
            .service = std::move(service),
            .member = std::move(member),
            .work = std::move(work),
            .changes = true,
            .arguments = std::move(arguments),
            .id = id,
            // One that came before was counted already.
            .isRepeat = !id.empty() && repeats.knows(asked.from.bare().text(), id)};
  }

  Result<Request> readServices(const xmpp::IqRequest& asked) {
    return looking(asked, [this](const Grant& grant) { return services(grant); });
  }
  Result<Request> readClock(const xmpp::IqRequest& asked) {
    return looking(asked, [this](const Grant&) { return tellTime(); });
  }
  Result<Request> readInfo(const xmpp::IqRequest& asked) {
    auto service = rpc::readService(asked.payload);
    if (!service) return service.error();
    return looking(
        asked, [this, name = *service](const Grant& grant) { return info(grant, name); }, *service);
  }
  Result<Request> readCall(const xmpp::IqRequest& asked) {
    auto call = rpc::readCall(asked.payload);
    if (!call) return call.error();
    return changing(asked, Verb::call, call->service, call->method, call->arguments,
                    [this, wanted = *call](const Grant& grant) { return this->call(grant, wanted); });
  }
  Result<Request> readPost(const xmpp::IqRequest& asked) {
    auto call = rpc::readCall(asked.payload);
    if (!call) return call.error();
    return changing(asked, Verb::post, call->service, call->method, call->arguments,
                    [this, wanted = *call](const Grant& grant) { return post(grant, wanted); });
  }
  Result<Request> readGet(const xmpp::IqRequest& asked) {
    auto property = rpc::readProperty(asked.payload);
    if (!property) return property.error();
    return Request{.from = asked.from,
                   .door = iqDoor,
                   .verb = Verb::get,
                   .service = property->service,
                   .member = property->name,
                   .work = [this, wanted = *property](const Grant& grant) { return get(grant, wanted); }};
  }
  Result<Request> readSet(const xmpp::IqRequest& asked) {
    auto property = rpc::readProperty(asked.payload);
    if (!property) return property.error();
    return changing(asked, Verb::set, property->service, property->name, asked.payload.text,
                    [this, wanted = *property, value = asked.payload.text](const Grant& grant) {
                      return set(grant, wanted, value);
                    });
  }
  Result<Request> readSubscribe(const xmpp::IqRequest& asked) {
    auto wanted = rpc::readSubscribe(asked.payload);
    if (!wanted) return wanted.error();
    return Request{
        .from = asked.from,
        .door = iqDoor,
        .verb = Verb::watch,
        .service = wanted->service,
        .member = wanted->member,
        .work = [this, from = asked.from, what = *wanted](const Grant& grant) { return subscribe(grant, from, what); },
        .isRepeat = subscriptions->has(asked.from, *wanted)};
  }
  // Whoever may ask anything may end what is his own.
  Result<Request> readUnsubscribe(const xmpp::IqRequest& asked) {
    auto id = rpc::readUnsubscribe(asked.payload);
    if (!id) return id.error();
    return looking(asked, [this, from = asked.from, which = *id](const Grant&) { return unsubscribe(from, which); });
  }
};

IqDoor::IqDoor(std::shared_ptr<XmppRequests> requests) : state_(std::make_shared<State>(std::move(requests))) {
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
  const auto& to = *state_->requests;
  state_->subscriptions =
      std::make_shared<Subscriptions>(to.io(), to.bus(), send, check, to.log(), Subscriptions::Options());
  state_->subscriptions->onEnded([weak](const xmpp::Jid& who, const rpc::Subscription& what, std::string_view why) {
    if (const auto state = weak.lock()) state->requests->record().unwatched(who, what.service, what.member, why);
  });
  state_->listening = to.authority().onChange([weak] {
    if (const auto state = weak.lock()) state->subscriptions->review();
  });
}

IqDoor::~IqDoor() { close(); }

void IqDoor::open(xmpp::Client& client) {
  state_->client = &client;
  const auto handle = [&](std::string_view type, std::string_view name,
                          Result<State::Request> (State::*read)(const xmpp::IqRequest&)) {
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
  state_->subscriptions->close();
  state_->client = nullptr;
}

}  // namespace beckon::gateway
