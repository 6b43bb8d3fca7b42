#include "remote/remote.hpp"

#include "core/run/uuid.hpp"
#include "remote/exchange.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <optional>

namespace beckon::remote {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;

struct Remote::State {
  State(boost::asio::io_context& io, Options from, run::Log to)
      : context(io),
        options(std::move(from)),
        log(std::move(to)),
        client(
            io.get_executor(), [this, &io] { return xmpp::makeStropheStream(io.get_executor(), options.stream, log); },
            config(options), log),
        fleet(io.get_executor(), client, options.robots),
        exchanges(fleet, client, options.patience),
        watchPrefix(run::makeUuid() + ".") {}

  static xmpp::Client::Config config(const Options& options) {
    xmpp::Client::Config out;
    out.identity = {"client", "pc", "", "Beckon"};
    out.node = "urn:beckon:remote";
    out.software = "beckon";
    out.version = BECKON_VERSION;
    out.contacts = {options.robots.begin(), options.robots.end()};
    return out;
  }

  void received(const Element& message) {
    const auto* event = message.child(rpc::event, rpc::ns);
    const auto from = Jid::parse(message.attribute("from"));
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
  xmpp::Client client;
  Fleet fleet;
  Exchanges exchanges;
  const std::string watchPrefix;
  unsigned long lastWatch = 0;
  std::map<std::string, std::weak_ptr<Watch>, std::less<>> watches;  // by id
};

Remote::Remote(boost::asio::io_context& io, Options options, run::Log log)
    : state_(std::make_shared<State>(io, std::move(options), std::move(log))) {}
Remote::~Remote() { stop(); }

awaitable<Result<>> Remote::start() {
  const auto state = state_.get();
  state->client.start({
      .online =
          [state](const Jid&) {
            if (!state->started) state->started = Result<>();
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
  });
  while (!state->started) co_await state->fleet.untilChanged(steady_clock::time_point::max());
  const auto result = *state->started;
  if (!result) stop();
  co_return result;
}

void Remote::stop() {
  state_->client.stop();
  state_->exchanges.close();
}

awaitable<Remote::Listing> Remote::robots() {
  const auto end = steady_clock::now() + state_->options.patience;
  while (!state_->fleet.isComplete() && state_->client.online() && steady_clock::now() < end)
    co_await state_->fleet.untilChanged(end);
  Listing listing;
  listing.robots = state_->fleet.robots();
  listing.isComplete = state_->fleet.isComplete();
  co_return listing;
}

awaitable<Result<std::vector<std::string>>> Remote::services(std::string robot) {
  Request request{.payload = rpc::servicesRequest(), .time = rpc::usualTime};
  const auto answer = co_await state_->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readServices(*answer);
}

awaitable<Result<qi::MetaObject>> Remote::info(std::string robot, std::string service) {
  Request request{.payload = rpc::infoRequest(service), .time = rpc::usualTime};
  const auto answer = co_await state_->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readInfo(*answer);
}

awaitable<Result<qi::Value>> Remote::call(std::string robot, std::string service, std::string method,
                                          qi::Json arguments, std::chrono::milliseconds time) {
  const rpc::Call wanted{std::move(service), std::move(method), arguments.dump(), time};
  Request request{.kind = Request::Kind::change, .payload = rpc::callRequest(wanted), .time = time};
  const auto answer = co_await state_->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readValue(*answer);
}

awaitable<Result<>> Remote::post(std::string robot, std::string service, std::string method, qi::Json arguments) {
  const rpc::Call wanted{std::move(service), std::move(method), arguments.dump(), {}};
  Request request{.kind = Request::Kind::change, .payload = rpc::postRequest(wanted), .time = rpc::usualTime};
  const auto answer = co_await state_->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return Result<>();
}

awaitable<Result<qi::Value>> Remote::get(std::string robot, std::string service, std::string property,
                                         std::chrono::milliseconds time) {
  // Named, since gcc 12 destroys a braced temporary inside a co_await expression twice.
  const rpc::Property wanted{std::move(service), std::move(property)};
  Request request{.payload = rpc::propertyRequest(wanted), .time = time};
  const auto answer = co_await state_->exchanges.ask(std::move(robot), std::move(request));
  if (!answer) co_return answer.error();
  co_return rpc::readValue(*answer);
}

awaitable<Result<>> Remote::set(std::string robot, std::string service, std::string property, qi::Json value,
                                std::chrono::milliseconds time) {
  const rpc::Property wanted{std::move(service), std::move(property)};
  Request request{.kind = Request::Kind::change, .payload = rpc::setRequest(wanted, value.dump()), .time = time};
  const auto answer = co_await state_->exchanges.ask(std::move(robot), std::move(request));
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
