#include "remote/exchange.hpp"

#include "core/run/uuid.hpp"

namespace beckon::remote {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;

namespace {

// Clocks of two machines drift apart by less than 0.1 s in this time, at 300 ppm.
constexpr std::chrono::minutes clockAge{5};
// Answers are told of by the dozen, since each attribute costs both servers and both ends time; by then the robot keeps
// at most 768 KiB of them, of 1 MiB.
constexpr std::size_t answeredAtOnce = 12;

}  // namespace

// One request over all its attempts.
struct Exchanges::Attempt {
  std::string id;
  bool changes = false;
  steady_clock::time_point end;
  std::function<void(const Element&)> onResult;
  std::optional<Result<Element>> outcome;
  std::optional<Jid> sentTo;
  unsigned arrival = 0;  // of the robot, when it was sent
  unsigned sent = 0;
};

Exchanges::Exchanges(Fleet& fleet, xmpp::Client& client, milliseconds patience)
    : fleet_(fleet), client_(client), patience_(patience), prefix_(run::makeUuid() + ".") {}

Error Exchanges::awayError(const std::string& robot) const {
  const auto known = fleet_.account(robot);
  if (!known) return known.error();
  if (const auto problem = fleet_.problemOf(robot)) return *problem;
  if (!client_.online()) return {Code::connectionLost, "the connection to the XMPP server was lost", "try again"};
  const auto found = fleet_.robot(robot);
  if (found && found->isAwaited)
    return {Code::unknownRobot, known->text() + " was enrolled and has not logged in yet", "start beckond there"};
  if (found && found->state() == Robot::State::suspect)
    return {Code::unknownRobot,
            known->text() + " was not heard for " + std::to_string(found->silence->count() / 1000) +
                " s, though its server still shows it",
            "it is frozen or cut off: check that it is switched on and has a network"};
  return {Code::unknownRobot, known->text() + " is not there, or does not know you",
          "check that beckond runs there and lists your account; see who is there: beckon robots"};
}

void Exchanges::send(const Jid& to, const Element& payload, const std::shared_ptr<Attempt>& attempt) {
  ++attempt->sent;
  attempt->sentTo = to;
  attempt->arrival = fleet_.arrivals(to);
  const auto left = std::chrono::duration_cast<milliseconds>(attempt->end - steady_clock::now());
  const auto answer = [this, here = std::weak_ptr(here_), attempt, number = attempt->sent](Result<Element> outcome) {
    if (here.expired()) return;
    if (attempt->outcome || (!outcome && number != attempt->sent)) return;  // what failed was asked again already
    if (outcome && attempt->onResult)
      if (const auto* result = outcome->firstChild()) attempt->onResult(*result);
    attempt->outcome = std::move(outcome);
    fleet_.changed();
  };
  if (attempt->changes)
    client_.set(to, payload, left, answer);
  else
    client_.get(to, payload, left, answer);
}

void Exchanges::close() {
  isClosed_ = true;
  fleet_.changed();
}

awaitable<Result<>> Exchanges::stamp(Jid to, Element& payload) {
  const auto arrival = fleet_.arrivals(to);
  auto known = clocks_.find(to);
  if (known == clocks_.end() || known->second.arrival != arrival || steady_clock::now() - known->second.at > clockAge) {
    auto asked = client_.get(to, rpc::clockRequest(), travelTime);
    const auto answer = co_await std::move(asked);
    if (!answer) co_return answer.error();
    const auto* clock = answer->child(rpc::clock, rpc::ns);
    const auto now = clock ? rpc::readClock(*clock) : Result<rpc::Moment>(Error{Code::protocolError, "no clock", {}});
    if (!now)
      co_return Error{Code::protocolError, to.text() + " does not tell its clock", "update both sides to one version"};
    clocks_[to] = {arrival, *now, steady_clock::now()};
    known = clocks_.find(to);
  }
  rpc::Once once;
  once.id = prefix_ + std::to_string(++lastId_);
  once.expires = known->second.now;
  once.expires->time += std::chrono::duration_cast<milliseconds>(steady_clock::now() - known->second.at) + travelTime;
  if (auto& answered = answered_[to.bare()]; answered.size() >= answeredAtOnce) once.answered.swap(answered);
  once.write(payload);
  co_return Result<>();
}

awaitable<Result<Element>> Exchanges::ask(std::string robot, Request request) {
  const auto begin = steady_clock::now();
  auto attempt = std::make_shared<Attempt>();
  attempt->changes = request.kind != Request::Kind::read;
  attempt->end = begin + request.time + travelTime;
  attempt->onResult = std::move(request.onResult);
  const auto found = begin + patience_;  // by then presence has arrived, or is not waited for
  const auto name = request.payload.name, xmlns = request.payload.xmlns;
  for (;;) {
    if (isClosed_) co_return Error{Code::connectionLost, "stopped while the answer was awaited", {}};
    if (attempt->outcome) {
      if (*attempt->outcome) break;
      const auto error = attempt->outcome->error();
      // The connection went, or the robot went a moment before its presence: it is asked again when it is back.
      const bool isLost = error.code == Code::connectionLost || (error.code == Code::unknownRobot && attempt->sent > 1);
      if (!isLost || steady_clock::now() >= attempt->end)
        co_return error.code == Code::unknownRobot ? awayError(robot) : error;
      attempt->outcome.reset();
    }
    const auto address = fleet_.addressOf(robot);
    if (address && (address != attempt->sentTo || fleet_.arrivals(*address) != attempt->arrival)) {
      if (request.kind == Request::Kind::change && attempt->id.empty()) {
        const auto stamped = co_await stamp(*address, request.payload);
        if (!stamped && stamped.error().code != Code::connectionLost)
          co_return stamped.error().code == Code::unknownRobot ? awayError(robot) : stamped.error();
        if (stamped) attempt->id = request.payload.attribute("id");
        if (!stamped && steady_clock::now() >= attempt->end) co_return stamped.error();
        if (!stamped && !isClosed_) co_await fleet_.untilChanged(attempt->end);
        continue;
      }
      send(*address, request.payload, attempt);
    }
    const auto now = steady_clock::now();
    if (attempt->sent == 0) {
      const auto account = fleet_.account(robot);
      const bool isKnown = account ? fleet_.isSettled(*account) : fleet_.isComplete();
      if (isKnown || !client_.online() || now >= found) co_return awayError(robot);
    } else if (now >= attempt->end) {
      co_return Error{Code::timedOut, "the robot did not answer in time",
                      "check that it is online, or allow more time"};
    }
    co_await fleet_.untilChanged(attempt->sent == 0 ? found : attempt->end);
  }
  if (!attempt->id.empty() && attempt->sentTo) answered_[attempt->sentTo->bare()].push_back(attempt->id);
  const auto* payload = (*attempt->outcome)->child(name, xmlns);
  if (!payload)
    co_return Error{Code::protocolError, "the answer of " + robot + " has no <" + name + "/>",
                    "update both sides to one version"};
  co_return *payload;
}

}  // namespace beckon::remote
