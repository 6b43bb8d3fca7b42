#include "xmpp/lookup.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>
#include <signal.h>

#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace beckon::xmpp {
namespace {

bool isNumeric(const Whereabouts& where) {
  boost::system::error_code problem;
  boost::asio::ip::make_address(where.host, problem);
  return !problem && where.proxy.address.empty();
}

// No signal is handled there.
void startThread(run::UniqueFunction<void()> body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::exception_ptr problem;
  try {
    std::thread(std::move(body)).detach();
  } catch (...) {
    problem = std::current_exception();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (problem) std::rethrow_exception(problem);
}

}  // namespace

struct Lookup::State {
  std::mutex mutex;
  std::optional<boost::asio::any_io_executor> executor;  // as long as somebody wants to know
  run::UniqueFunction<void(Found)> done;

  void finish(Found found) {
    const std::lock_guard lock(mutex);
    if (!executor || !done) return;
    // It leaves with what is posted: whoever never runs the executor again lets go of it all the same.
    boost::asio::post(*executor,
                      [once = std::exchange(done, {}), found = std::move(found)]() mutable { once(std::move(found)); });
    executor.reset();
  }
};

Lookup::Lookup(boost::asio::any_io_executor executor) : state_(std::make_shared<State>()) {
  state_->executor = std::move(executor);
}

Lookup::~Lookup() {
  const std::lock_guard lock(state_->mutex);
  state_->executor.reset();
  state_->done = {};
}

void Lookup::start(Resolver resolver, Whereabouts where, run::UniqueFunction<void(Found)> done) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->done = std::move(done);
  }
  if (isNumeric(where)) return state_->finish(resolver(where));
  try {
    startThread(
        [state = state_, resolver = std::move(resolver), where = std::move(where)] { state->finish(resolver(where)); });
  } catch (const std::system_error& refused) {
    giveUp({run::Code::overloaded, std::string("this computer gives no more threads: ") + refused.what(),
            "raise its limits, or stop what uses them up"});
  }
}

void Lookup::giveUp(run::Error why) { state_->finish(std::move(why)); }

}  // namespace beckon::xmpp
