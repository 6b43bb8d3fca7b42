#pragma once

#include "directory/client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

// The blocking face, for scripts:
//
//   const auto bus = BlockingSession::connect("tcp://127.0.0.1:9559").value();
//   const auto lamp = bus->open<Lamp>("Lamp").value();
//   lamp->turn(true).value();
//
// The session lives on a thread of its own. Calls may be made from any other thread and return when they have an
// answer, at the latest after the session's timeout. What is subscribed to is called on the session's thread: it must
// not call the session itself, which is refused, and holds up all else as long as it takes.
namespace beckon::directory {

// The thread and its loop; outlives what is handed out.
class BlockingLoop : public std::enable_shared_from_this<BlockingLoop> {
 public:
  // A call notices its own deadline, which is the same, up to Connection::deadlineStep late, and can tell more.
  static constexpr localbus::Duration grace = 4 * localbus::Connection::deadlineStep;

  explicit BlockingLoop(localbus::Duration timeout);
  // Not on its own thread.
  ~BlockingLoop();
  boost::asio::io_context& io() { return io_; }
  localbus::Duration timeout() const { return timeout_; }

  // Runs `work` on the loop and waits for it. Errors: its own; timedOut, then the rest of it goes on unseen;
  // invalidArgument on the loop's own thread; connectionLost after the end.
  template <class T>
  run::Result<T> wait(std::function<Awaitable<T>()> work) {
    if (auto refusal = refuse()) return *refusal;
    const auto promise = std::make_shared<std::promise<run::Result<T>>>();
    auto answer = promise->get_future();
    boost::asio::co_spawn(io_, std::move(work), [promise](std::exception_ptr thrown, run::Result<T> result) {
      thrown ? promise->set_exception(thrown) : promise->set_value(std::move(result));
    });
    if (answer.wait_for(timeout_ + grace) == std::future_status::ready) return answer.get();
    return late();
  }
  // Ends something that lives on the loop; when this returns it has ended.
  void release(std::shared_ptr<void> held);
  // Runs what is left to run and ends the thread.
  void end();

 private:
  std::optional<run::Error> refuse() const;
  static run::Error late();

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<localbus::Executor> work_{io_.get_executor()};
  const localbus::Duration timeout_;
  std::atomic<bool> hasEnded_ = false;
  std::thread thread_;
};

template <>
class Interface<Blocking> {
 public:
  Interface(std::shared_ptr<BlockingLoop> loop, std::shared_ptr<localbus::RemoteObject> object)
      : client_(std::move(object), loop->timeout()), loop_(std::move(loop)) {}
  Interface<Client>& client() { return client_; }
  const std::shared_ptr<BlockingLoop>& loop() const { return loop_; }

 private:
  Interface<Client> client_;
  std::shared_ptr<BlockingLoop> loop_;
};

// Until it is destroyed, which waits for a handler that runs.
using BlockingSubscription = std::shared_ptr<void>;

template <class R, class... Args>
class Method<Blocking, R(Args...)> {
 public:
  Method(Interface<Blocking>& of, const std::string& name) : loop_(of.loop()), method_(of.client(), name) {}
  run::Result<R> operator()(Args... args) const {
    return loop_->wait<R>(
        [method = method_, args = std::tuple<Args...>(std::move(args)...)] { return std::apply(method, args); });
  }

 private:
  std::shared_ptr<BlockingLoop> loop_;
  Method<Client, R(Args...)> method_;
};

template <class... Args>
class Signal<Blocking, Args...> {
 public:
  Signal(Interface<Blocking>& of, std::string name) : loop_(of.loop()), signal_(of.client(), std::move(name)) {}
  // `handler` is called on the session's thread.
  run::Result<BlockingSubscription> subscribe(std::function<void(Args...)> handler) const {
    auto made = loop_->wait<Subscription>([this, handler = std::move(handler)] { return signal_.subscribe(handler); });
    if (!made) return made.error();
    return BlockingSubscription(
        nullptr, [loop = loop_, held = std::move(*made)](std::nullptr_t) mutable { loop->release(std::move(held)); });
  }

 private:
  std::shared_ptr<BlockingLoop> loop_;
  Signal<Client, Args...> signal_;
};

template <class T>
class Property<Blocking, T> {
 public:
  Property(Interface<Blocking>& of, const std::string& name)
      : loop_(of.loop()), property_(of.client(), name), changed_(of, name) {}
  run::Result<T> get() const {
    return loop_->wait<T>([this] { return property_.get(); });
  }
  run::Result<> set(T value) const {
    return loop_->wait<void>([this, value = std::move(value)] { return property_.set(value); });
  }
  run::Result<BlockingSubscription> subscribe(std::function<void(T)> handler) const {
    return changed_.subscribe(std::move(handler));
  }

 private:
  std::shared_ptr<BlockingLoop> loop_;
  Property<Client, T> property_;
  Signal<Blocking, T> changed_;
};

class BlockingSession {
 public:
  // Errors: those of Session::connect.
  static run::Result<std::unique_ptr<BlockingSession>> connect(
      const std::string& url, localbus::Duration timeout = localbus::RemoteObject::defaultTimeout);
  // Ends all subscriptions; not in one of their handlers, nor during a call.
  ~BlockingSession();

  // Errors: those of directory::open.
  template <template <class> class Declared>
  run::Result<std::shared_ptr<Declared<Blocking>>> open(std::string name) {
    using Opened = Declared<Blocking>;
    auto opening = [session = session_, loop = loop_, name]() -> Awaitable<std::shared_ptr<Opened>> {
      auto finding = session->service(name);
      auto object = co_await std::move(finding);
      if (!object) co_return object.error();
      std::shared_ptr<Opened> made(new Opened{{loop, std::move(*object)}});
      if (made->client().missing()) co_return *made->client().missing();
      // It ends on the loop, as it lives there.
      auto* const opened = made.get();
      co_return std::shared_ptr<Opened>(
          opened, [loop, held = std::move(made)](Opened*) mutable { loop->release(std::move(held)); });
    };
    return loop_->wait<std::shared_ptr<Opened>>(std::move(opening));
  }
  // A method by its name, with what it is given converted; a property.
  template <class... Args>
  run::Result<qi::Value> call(std::string service, std::string method, const Args&... args) {
    return callByName(std::move(service), std::move(method), qi::Tuple{{qi::toValue(args)...}, {}});
  }
  run::Result<qi::Value> get(std::string service, std::string property);

 private:
  explicit BlockingSession(localbus::Duration timeout) : loop_(std::make_shared<BlockingLoop>(timeout)) {}
  run::Result<qi::Value> callByName(std::string service, std::string method, qi::Value arguments);

  std::shared_ptr<BlockingLoop> loop_;
  std::shared_ptr<Session> session_;
};

}  // namespace beckon::directory
