#include "directory/blocking.hpp"

#include "directory/program.hpp"

#include <boost/asio/post.hpp>

namespace beckon::directory {

using localbus::RemoteObject;
using run::Code;
using run::Error;
using run::Result;

BlockingLoop::BlockingLoop(localbus::Duration timeout) : timeout_(timeout) {
  thread_ = std::thread([this] { io_.run(); });
}

BlockingLoop::~BlockingLoop() { end(); }

std::optional<Error> BlockingLoop::refuse() const {
  if (std::this_thread::get_id() == thread_.get_id())
    return Error{Code::invalidArgument, "a handler of the blocking session calls it, which would wait for itself",
                 "do it on another thread, or use coroutines"};
  if (hasEnded_) return Error{Code::connectionLost, "the blocking session has ended", "connect again"};
  return {};
}

Error BlockingLoop::late() {
  return {Code::timedOut, "no answer before the deadline of the blocking session",
          "check that the service is not stuck, and that no handler is; or allow more time"};
}

void BlockingLoop::release(std::shared_ptr<void> held) {
  if (refuse()) return held.reset();
  std::promise<void> ended;
  boost::asio::post(io_, [&ended, held = std::move(held)]() mutable {
    held.reset();
    ended.set_value();
  });
  ended.get_future().wait();
}

void BlockingLoop::end() {
  if (hasEnded_.exchange(true)) return;
  work_.reset();
  thread_.join();
}

Result<std::unique_ptr<BlockingSession>> BlockingSession::connect(const std::string& url, localbus::Duration timeout) {
  const auto endpoint = localbus::Endpoint::parse(url);
  if (!endpoint) return endpoint.error();
  auto options = usualOptions();
  if (!options) return options.error();
  std::unique_ptr<BlockingSession> made(new BlockingSession(timeout));
  auto session = made->loop_->wait<std::shared_ptr<Session>>(
      [&io = made->loop_->io(), endpoint = *endpoint, options = std::move(*options)] {
        return Session::connect(io, endpoint, options, run::makeLog("bus", {.level = "warning"}));
      });
  if (!session) return session.error();
  made->session_ = std::move(*session);
  return made;
}

BlockingSession::~BlockingSession() {
  if (session_) {
    boost::asio::post(loop_->io(), [session = session_] { session->close(); });
    loop_->release(std::move(session_));
  }
  loop_->end();
}

Result<qi::Value> BlockingSession::callByName(std::string service, std::string method, qi::Value arguments) {
  return loop_->wait<qi::Value>(
      [session = session_, time = loop_->timeout(), service, method, arguments]() -> Awaitable<qi::Value> {
        const auto object = co_await session->service(service);
        if (!object) co_return object.error();
        co_return co_await (*object)->call(method, arguments, time);
      });
}

Result<qi::Value> BlockingSession::get(std::string service, std::string property) {
  return loop_->wait<qi::Value>(
      [session = session_, time = loop_->timeout(), service, property]() -> Awaitable<qi::Value> {
        const auto object = co_await session->service(service);
        if (!object) co_return object.error();
        co_return co_await (*object)->property(property, time);
      });
}

}  // namespace beckon::directory
