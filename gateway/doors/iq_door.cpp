#include "gateway/doors/iq_door.hpp"

#include "core/qi/utf8.hpp"
#include "directory/json_call.hpp"
#include "gateway/visible.hpp"
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
using xmpp::Element;
namespace rpc = xmpp::rpc;

struct IqDoor::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, std::shared_ptr<directory::Session> session, policy::Policy rules,
        run::Log to)
      : io(context), bus(std::move(session)), policy(std::move(rules)), log(std::move(to)) {}

  boost::asio::io_context& io;
  std::shared_ptr<directory::Session> bus;
  policy::Policy policy;
  run::Log log;

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
  };
  using Read = std::function<Result<Task>(const Element&)>;

  void answer(xmpp::IqRequest request, xmpp::IqReply reply, const Read& read) {
    // Whether somebody may ask anything at all comes before whether the request can be read.
    if (!allowed(request.from, Verb::list)) return reply.error(xmpp::serviceUnavailable);
    auto task = read(request.payload);
    if (!task) return reply.error(task.error());
    if (!allowed(request.from, task->verb, task->service, task->member)) return reply.error(xmpp::serviceUnavailable);
    log->info("{} {} for {}", request.payload.name, qi::printable(task->service + "." + task->member, 200),
              request.from.text());
    boost::asio::co_spawn(
        io,
        [self = shared_from_this(), work = std::move(task->work), reply]() -> awaitable<void> {
          const auto result = co_await work();
          if (result)
            reply.result(*result);
          else
            reply.error(result.error());
        },
        boost::asio::detached);
  }

  awaitable<Result<Element>> services() {
    const auto listed = co_await bus->services();
    if (!listed) co_return listed.error();
    std::vector<std::string> names;
    for (const auto& info : *listed)
      if (isVisible(info.name)) names.push_back(info.name);
    co_return rpc::servicesResult(names);
  }

  // What `service` shows; what it does not show is as if it were not there.
  awaitable<Result<qi::MetaObject>> shown(std::string service) {
    if (!isVisible(service))
      co_return Error{Code::unknownService, "there is no service \"" + service + "\"",
                      "list what there is with the verb services"};
    const auto object = co_await bus->service(service);
    if (!object) co_return object.error();
    co_return visible(service, (*object)->metaObject());
  }

  static Error notShown(const std::string& service, const std::string& member) {
    return {Code::unknownMember, service + " has no member \"" + member + "\" for callers from outside",
            "list its members with the verb info"};
  }

  awaitable<Result<Element>> info(std::string service) {
    const auto members = co_await shown(service);
    if (!members) co_return members.error();
    co_return rpc::infoResult(service, *members);
  }

  awaitable<Result<Element>> call(rpc::Call call) {
    const auto members = co_await shown(call.service);
    if (!members) co_return members.error();
    const auto object = co_await bus->service(call.service);
    if (!object) co_return object.error();
    // A member that is there but not shown. Others are left to the call, which knows what to say of them.
    const std::string name = call.method.substr(0, call.method.find("::"));
    if (!members->findMethod(name) && (*object)->metaObject().findMethod(name)) co_return notShown(call.service, name);
    auto arguments = qi::parseJson(call.arguments);
    if (!arguments) co_return arguments.error();
    const auto value =
        co_await directory::callWithJson(bus, call.service, call.method, std::move(*arguments), call.time);
    if (!value) co_return value.error();
    co_return rpc::valueResult(rpc::call, *value);
  }

  awaitable<Result<Element>> get(rpc::Property property) {
    const auto members = co_await shown(property.service);
    if (!members) co_return members.error();
    if (property.name.starts_with('_')) co_return notShown(property.service, property.name);
    const auto value = co_await directory::getProperty(bus, property.service, property.name, rpc::usualTime);
    if (!value) co_return value.error();
    co_return rpc::valueResult(rpc::property, *value);
  }

  Result<Task> readServices(const Element&) {
    return Task{Verb::list, {}, {}, [this] { return services(); }};
  }
  Result<Task> readInfo(const Element& request) {
    auto service = rpc::readService(request);
    if (!service) return service.error();
    return Task{Verb::list, *service, {}, [this, name = *service] { return info(name); }};
  }
  Result<Task> readCall(const Element& request) {
    auto call = rpc::readCall(request);
    if (!call) return call.error();
    return Task{Verb::call, call->service, call->method, [this, wanted = *call] { return this->call(wanted); }};
  }
  Result<Task> readGet(const Element& request) {
    auto property = rpc::readProperty(request);
    if (!property) return property.error();
    return Task{Verb::get, property->service, property->name, [this, wanted = *property] { return get(wanted); }};
  }
};

IqDoor::IqDoor(boost::asio::io_context& io, std::shared_ptr<directory::Session> bus, policy::Policy policy,
               run::Log log)
    : state_(std::make_shared<State>(io, std::move(bus), std::move(policy), std::move(log))) {}

void IqDoor::open(xmpp::Client& client) {
  using Reader = Result<State::Task> (State::*)(const Element&);
  const auto handle = [&](std::string_view type, std::string_view name, Reader reader) {
    client.handle(type, name, rpc::ns, [state = state_, reader](xmpp::IqRequest request, xmpp::IqReply reply) {
      state->answer(std::move(request), std::move(reply),
                    [&](const Element& payload) { return ((*state).*reader)(payload); });
    });
  };
  handle("get", rpc::services, &State::readServices);
  handle("get", rpc::info, &State::readInfo);
  handle("set", rpc::call, &State::readCall);
  handle("get", rpc::property, &State::readGet);
}

}  // namespace beckon::gateway
