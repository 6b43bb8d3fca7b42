#include "remote/remote.hpp"

#include "xmpp/client.hpp"
#include "xmpp/rpc.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
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
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;

namespace {

constexpr std::string_view robotNs = "urn:beckon:robot:0";
// What the way there and back may add to the time that a service may take.
constexpr std::chrono::milliseconds travelTime{5000};

const Element* robotIn(const xmpp::Presence& presence) { return presence.stanza.child("robot", robotNs); }

}  // namespace

struct Remote::State {
  State(boost::asio::io_context& io, Options from, run::Log to)
      : options(std::move(from)),
        log(std::move(to)),
        executor(io.get_executor()),
        client(
            io.get_executor(), [this, &io] { return xmpp::makeStropheStream(io.get_executor(), options.stream, log); },
            config(options), log) {}

  static xmpp::Client::Config config(const Options& options) {
    xmpp::Client::Config out;
    out.identity = {"client", "pc", "", "Beckon"};
    out.node = "urn:beckon:remote";
    out.software = "beckon";
    out.version = BECKON_VERSION;
    out.contacts = {options.robots.begin(), options.robots.end()};
    return out;
  }

  Options options;
  run::Log log;
  boost::asio::io_context::executor_type executor;
  std::set<boost::asio::steady_timer*> waiting;
  std::optional<Result<>> started;
  xmpp::Client client;

  awaitable<void> untilChanged(std::chrono::steady_clock::time_point end) {
    boost::asio::steady_timer timer(executor, end);
    waiting.insert(&timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    waiting.erase(&timer);
  }
  // Something that somebody waits for may have come.
  void changed() {
    for (auto* timer : waiting) timer->cancel();
  }

  std::vector<Robot> present() const {
    std::vector<Robot> out;
    for (const auto& [from, presence] : client.present()) {
      const auto* robot = robotIn(presence);
      const bool isListed = std::ranges::find(options.robots, from.bare()) != options.robots.end();
      if (robot && isListed)
        out.push_back({from.bare().text(), from.text(), std::string(robot->attribute("id")),
                       std::string(robot->attribute("key"))});
    }
    return out;
  }

  bool allPresent() const {
    std::set<std::string> accounts;
    for (const auto& robot : present()) accounts.insert(robot.account);
    return accounts.size() == options.robots.size();
  }

  // The account that `name` means.
  Result<Jid> account(const std::string& name) const {
    std::vector<Jid> found;
    for (const auto& jid : options.robots)
      if (jid.text() == name || jid.node() == name) found.push_back(jid);
    if (found.size() > 1)
      return Error{Code::invalidArgument, "\"" + name + "\" may be " + found[0].text() + " or " + found[1].text(),
                   "give the whole address"};
    if (found.size() == 1) return found[0];
    std::string known;
    for (const auto& jid : options.robots) known += (known.empty() ? "" : ", ") + jid.text();
    return Error{Code::unknownRobot, "no robot \"" + name + "\" is configured",
                 known.empty() ? "list it under robots in the configuration" : "the configured robots: " + known};
  }

  std::optional<Jid> addressOf(const std::string& name, const Result<Jid>& account) const {
    for (const auto& robot : present())
      if (robot.id == name || (account && robot.account == account->text()))
        if (const auto jid = Jid::parse(robot.address)) return *jid;
    return {};
  }

  // The full JID of a robot, waiting for its presence if need be.
  awaitable<Result<Jid>> find(std::string name) {
    const auto known = account(name);
    const auto end = std::chrono::steady_clock::now() + options.patience;
    for (;;) {
      if (const auto address = addressOf(name, known)) co_return *address;
      if (allPresent() || !client.online() || std::chrono::steady_clock::now() >= end) break;
      co_await untilChanged(end);
    }
    if (!known) co_return known.error();
    if (!client.online())
      co_return Error{Code::connectionLost, "the connection to the XMPP server was lost", "try again"};
    co_return Error{Code::unknownRobot, known->text() + " is not there, or does not know you",
                    "check that beckond runs there and lists your account; see who is there: beckon robots"};
  }

  // Asks and gives the payload of the answer.
  awaitable<Result<Element>> ask(bool changes, std::string robot, Element request, std::chrono::milliseconds time) {
    const auto to = co_await find(robot);
    if (!to) co_return to.error();
    const std::string name = request.name;
    auto exchange = changes ? client.set(*to, std::move(request), time + travelTime)
                            : client.get(*to, std::move(request), time + travelTime);
    const auto answer = co_await std::move(exchange);
    if (!answer) {
      if (answer.error().code == Code::unknownRobot)
        co_return Error{Code::unknownRobot, to->bare().text() + " is not there, or does not know you",
                        "check that beckond runs there and lists your account"};
      co_return answer.error();
    }
    const auto* payload = answer->child(name, rpc::ns);
    if (!payload)
      co_return Error{Code::protocolError, "the answer of " + to->bare().text() + " has no <" + name + "/>",
                      "update both sides to one version"};
    co_return *payload;
  }
};

Remote::Remote(boost::asio::io_context& io, Options options, run::Log log)
    : state_(std::make_unique<State>(io, std::move(options), std::move(log))) {}
Remote::~Remote() = default;

awaitable<Result<>> Remote::start() {
  state_->client.start({
      .online =
          [this](const Jid&) {
            if (!state_->started) state_->started = Result<>();
            state_->changed();
          },
      .offline =
          [this](const Error& why, std::chrono::milliseconds) {
            if (!state_->started) state_->started = why;
            state_->changed();
          },
      .presence = [this](const xmpp::Presence&) { state_->changed(); },
      .message = {},
  });
  while (!state_->started) co_await state_->untilChanged(std::chrono::steady_clock::time_point::max());
  const auto result = *state_->started;
  if (!result) stop();
  co_return result;
}

void Remote::stop() { state_->client.stop(); }

awaitable<std::vector<Robot>> Remote::robots() {
  const auto end = std::chrono::steady_clock::now() + state_->options.patience;
  while (!state_->allPresent() && state_->client.online() && std::chrono::steady_clock::now() < end)
    co_await state_->untilChanged(end);
  co_return state_->present();
}

awaitable<Result<std::vector<std::string>>> Remote::services(std::string robot) {
  const auto answer = co_await state_->ask(false, std::move(robot), rpc::servicesRequest(), rpc::usualTime);
  if (!answer) co_return answer.error();
  co_return rpc::readServices(*answer);
}

awaitable<Result<qi::MetaObject>> Remote::info(std::string robot, std::string service) {
  const auto answer = co_await state_->ask(false, std::move(robot), rpc::infoRequest(service), rpc::usualTime);
  if (!answer) co_return answer.error();
  co_return rpc::readInfo(*answer);
}

awaitable<Result<qi::Value>> Remote::call(std::string robot, std::string service, std::string method,
                                          qi::Json arguments, std::chrono::milliseconds time) {
  const rpc::Call request{std::move(service), std::move(method), arguments.dump(), time};
  const auto answer = co_await state_->ask(true, std::move(robot), rpc::callRequest(request), time);
  if (!answer) co_return answer.error();
  co_return rpc::readValue(*answer);
}

awaitable<Result<qi::Value>> Remote::get(std::string robot, std::string service, std::string property,
                                         std::chrono::milliseconds time) {
  // Named, since gcc 12 destroys a braced temporary inside a co_await expression twice.
  const rpc::Property wanted{std::move(service), std::move(property)};
  const auto answer = co_await state_->ask(false, std::move(robot), rpc::propertyRequest(wanted), time);
  if (!answer) co_return answer.error();
  co_return rpc::readValue(*answer);
}

}  // namespace beckon::remote
