#include "cloud-relay/roll_call.hpp"

#include "fleet/protocol.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace beckon::relay {

using std::chrono::steady_clock;

namespace {

// A server that is busy for longer, as when thousands log in, leaves robots less time.
constexpr std::chrono::milliseconds serverPatience{5000};

}  // namespace

struct RollCall::State : std::enable_shared_from_this<State> {
  State(boost::asio::any_io_executor executor_, xmpp::Component& component_, std::chrono::milliseconds freshness)
      : executor(std::move(executor_)), component(component_), liveness(freshness) {}

  void send(const xmpp::Jid& address) {
    if (address.isBare()) return look(address);
    component.get(address, xmpp::Element(std::string(fleet::aliveName), std::string(fleet::ns)), Liveness::again,
                  [weak = weak_from_this(), address](const run::Result<xmpp::Element>& answer) {
                    const auto state = weak.lock();
                    if (!state) return;
                    if (answer) {
                      state->liveness.answered(address, steady_clock::now());
                    } else if (answer.error().code == run::Code::unknownRobot) {
                      state->liveness.missing(address);
                      state->look(address.bare());
                    }
                    state->wake();
                  });
  }

  // Whoever is behind an account asks for what has changed, and so tells where it is. What is not sent is not answered.
  void look(const xmpp::Jid& account) {
    static_cast<void>(component.send(fleet::headline(fleet::changedName, account.text())));
  }

  void wake() {
    for (auto* timer : waiting) timer->cancel();
  }

  boost::asio::any_io_executor executor;
  xmpp::Component& component;
  Liveness liveness;
  std::set<boost::asio::steady_timer*> waiting;
};

RollCall::RollCall(boost::asio::any_io_executor executor, xmpp::Component& component,
                   std::chrono::milliseconds freshness)
    : state_(std::make_shared<State>(std::move(executor), component, freshness)) {}

void RollCall::online() { state_->liveness.listen(steady_clock::now()); }

void RollCall::heard(const xmpp::Jid& from) {
  state_->liveness.heard(from, steady_clock::now());
  state_->wake();
}

bool RollCall::knows(const std::string& account) const { return state_->liveness.knows(account); }
void RollCall::forget(const std::string& account) { state_->liveness.forget(account); }

boost::asio::awaitable<void> RollCall::ask(std::vector<std::string> accounts) {
  const auto state = state_;
  std::vector<std::string> asked;
  for (const auto& account : accounts)
    if (const auto address = state->liveness.question(account, steady_clock::now())) {
      state->send(*address);
      asked.push_back(account);
    }
  if (!asked.empty()) {
    // It takes them in turn, so what it answers behind them tells that it has them all.
    auto pinged = state->component.get(state->component.server(), xmpp::Element("ping", std::string(xmpp::ns::ping)),
                                       serverPatience);
    static_cast<void>(co_await std::move(pinged));
    for (const auto& account : asked) state->liveness.passedOn(account, steady_clock::now());
  }
  boost::asio::steady_timer timer(state->executor);
  const auto last = steady_clock::now() + Liveness::patience;  // others may ask some of them meanwhile
  // Who was not waited for once is not looked at again.
  for (auto next = accounts.begin(); next != accounts.end() && steady_clock::now() < last;) {
    const auto end = state->liveness.awaitedUntil(*next, steady_clock::now());
    if (!end) {
      ++next;
      continue;
    }
    timer.expires_at(std::min(*end, last));
    state->waiting.insert(&timer);
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    state->waiting.erase(&timer);
  }
}

std::chrono::milliseconds RollCall::silence(const std::string& account) const {
  return state_->liveness.silence(account, steady_clock::now());
}

}  // namespace beckon::relay
