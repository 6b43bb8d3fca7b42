#include "apps/watchdog/stops.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace beckon::watchdog {

using boost::asio::awaitable;
using Stop = policy::Lease::Stop;
using Problem = std::optional<std::string>;

namespace {

constexpr localbus::Duration openTime = std::chrono::seconds(2);
// For all attempts together: longer than a robot takes to sit down.
constexpr localbus::Duration longest = std::chrono::seconds(60);
constexpr localbus::Duration shortest = std::chrono::seconds(1);
constexpr localbus::Duration pause = std::chrono::milliseconds(200);

bool has(const qi::MetaObject& meta, const std::string& method) {
  for (const auto& [id, each] : meta.methods)
    if (each.name == method && each.parametersSignature == "()") return true;
  return false;
}

}  // namespace

Stops::Stops(std::shared_ptr<directory::Session> session, bool ownDirectory, run::Log log)
    : session_(std::move(session)), ownDirectory_(ownDirectory), log_(std::move(log)) {}

awaitable<Problem> Stops::reach(Stop action) {
  const auto self = shared_from_this();
  auto finding = session_->service(action.service, openTime);
  const auto found = co_await std::move(finding);
  auto& known = services_[action.service];
  if (found)
    known = *found;
  else if (session_->isOpen() || (known && !known->connection()->isReady()))
    known = nullptr;  // otherwise: nobody can say where it is, but we are there
  if (!known) co_return action.service + " is not there" + (found ? "" : ": " + found.error().cause);
  if (!has(known->metaObject(), action.member)) co_return action.written() + "() is not there";
  if (ownDirectory_ && session_->isRelayed(*known))
    co_return action.service + " cannot be reached but through beckond: let it listen on an address of its own";
  co_return std::nullopt;
}

awaitable<Problem> Stops::carryOutOne(Stop action) {
  const auto self = shared_from_this();
  localbus::Timer timer(session_->executor());
  const auto end = std::chrono::steady_clock::now() + longest;
  Problem problem;
  for (bool isFirst = true; isFirst || std::chrono::steady_clock::now() < end; isFirst = false) {
    if (!isFirst) {
      timer.expires_after(pause);
      co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    auto object = services_[action.service];
    if (!object || !object->connection()->isReady()) {
      auto reaching = reach(action);
      problem = co_await std::move(reaching);
      object = services_[action.service];
      if (!object) continue;
    }
    qi::Value nothing = qi::Tuple{};
    auto calling =
        object->call(action.member, std::move(nothing), std::max(end - std::chrono::steady_clock::now(), shortest));
    const auto done = co_await std::move(calling);
    if (done) {
      log_->info("{} is done", action.written());
      co_return std::nullopt;
    }
    problem = action.written() + ": " + done.error().cause;
    log_->error("the robot may be moving still: {}", *problem);
  }
  co_return problem;
}

// Each by itself; what went wrong with one of them.
awaitable<Problem> Stops::all(Actions actions, Act act) {
  const auto self = shared_from_this();
  struct Together {
    explicit Together(localbus::Executor executor) : over(executor, localbus::Timer::time_point::max()) {}
    localbus::Timer over;
    std::size_t left = 0;
    Problem problem;
  };
  const auto together = std::make_shared<Together>(session_->executor());
  together->left = actions.size();
  for (const auto& action : actions)
    boost::asio::co_spawn(session_->executor(), (this->*act)(action),
                          [together](std::exception_ptr broken, Problem problem) {
                            if (broken) std::rethrow_exception(broken);
                            if (problem) together->problem = std::move(problem);
                            if (--together->left == 0) together->over.cancel();
                          });
  while (together->left > 0) co_await together->over.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return together->problem;
}

}  // namespace beckon::watchdog
