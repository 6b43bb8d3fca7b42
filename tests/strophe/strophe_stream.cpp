#include "tests/strophe/strophe_stream.hpp"

#include "tests/strophe/strophe_session.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <pthread.h>
#include <signal.h>

#include <functional>
#include <mutex>
#include <system_error>
#include <utility>

namespace beckon::xmpp {
namespace {

namespace asio = boost::asio;

// libstrophe walks received XML by recursion. 37000 levels, which fit into the 262144 bytes that servers usually allow,
// need between 3 and 4 MB (measured); a server may allow more. Only what is used takes memory.
constexpr std::size_t stackSize = 64 << 20;

// A std::thread with a larger stack, on which no signal is handled (so a write to a dead socket raises none, either).
class Thread {
 public:
  Thread() = default;
  ~Thread() { join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  void start(std::function<void()> body) {
    auto owned = std::make_unique<std::function<void()>>(std::move(body));
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stackSize);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread_, &attributes, &Thread::main, owned.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (error) throw std::system_error(error, std::generic_category(), "pthread_create");
    owned.release();
    started_ = true;
  }

  void join() {
    if (std::exchange(started_, false)) pthread_join(thread_, nullptr);
  }
  void detach() {
    if (std::exchange(started_, false)) pthread_detach(thread_);
  }

 private:
  static void* main(void* body) {
    const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(body));
    (*owned)();
    return nullptr;
  }

  pthread_t thread_{};
  bool started_ = false;
};

class StropheStream final : public Stream {
 public:
  StropheStream(asio::any_io_executor executor, ClientStreamConfig config, run::Log log)
      : executor_(std::move(executor)), config_(std::move(config)), log_(std::move(log)), deadline_(executor_) {}

  ~StropheStream() override {
    silence();
    if (!stopped_) giveUp();
  }

  void start(Events events) override {
    events_ = std::make_shared<Events>(std::move(events));
    inbox_ = std::make_shared<Inbox>(executor_, this);
    work_.emplace(asio::make_work_guard(executor_));
    session_ = std::make_shared<StropheSession>(
        config_,
        StropheSession::Callbacks{[inbox = inbox_](std::string awaited, std::string nextStep) {
                                    inbox->post([awaited = std::move(awaited), nextStep = std::move(nextStep)](
                                                    StropheStream& self) { self.await(awaited, nextStep); });
                                  },
                                  [inbox = inbox_](Jid jid) {
                                    inbox->post([jid = std::move(jid)](StropheStream& self) { self.goOnline(jid); });
                                  },
                                  [inbox = inbox_](Element stanza) {
                                    inbox->post([stanza = std::move(stanza)](StropheStream& self) mutable {
                                      self.deliver(std::move(stanza));
                                    });
                                  },
                                  [inbox = inbox_](run::Error why) {
                                    inbox->post([why = std::move(why)](StropheStream& self) { self.close(why); });
                                  }},
        log_);
    thread_.start([session = session_] { session->run(); });
  }

  run::Result<> send(const Element& stanza) override {
    if (!online_)
      return run::Error{run::Code::connectionLost, "there is no connection to the server", "try again later"};
    auto xml = stanza.toXml(ns::client);
    if (xml.size() > config_.largestStanza)
      return run::Error{run::Code::tooLarge,
                        "a message of " + std::to_string(xml.size()) + " bytes is above the server's limit of " +
                            std::to_string(config_.largestStanza),
                        "send less at once"};
    if (!session_->handover().queue(std::move(xml)))
      return run::Error{run::Code::overloaded, "the connection to the server is too slow for what is being sent",
                        "send less, or try again later"};
    return {};
  }

  void stop() override {
    const bool polite = online_;
    silence();
    if (!polite)
      giveUp();
    else if (!std::exchange(stopped_, true))
      session_->handover().finish();
  }

 private:
  // What the thread knows of the stream.
  struct Inbox : std::enable_shared_from_this<Inbox> {
    StropheStream* owner;  // set and read on the executor only

    Inbox(asio::any_io_executor executor, StropheStream* owner_) : owner(owner_), executor_(std::move(executor)) {}

    template <class Body>
    void post(Body body) {
      const std::lock_guard lock(mutex_);
      if (!executor_) return;
      asio::post(executor_, [self = shared_from_this(), body = std::move(body)]() mutable {
        if (self->owner) body(*self->owner);
      });
    }

    // The executor may end now, before the thread does.
    void forgetExecutor() {
      const std::lock_guard lock(mutex_);
      executor_ = {};
    }

   private:
    std::mutex mutex_;
    asio::any_io_executor executor_;
  };

  void await(const std::string& awaited, const std::string& nextStep) {
    if (online_) return;
    deadline_.expires_after(config_.stageDeadline);
    deadline_.async_wait([this, inbox = inbox_, awaited, nextStep](boost::system::error_code error) {
      // The deadline may have moved on after this had been queued.
      if (error || !inbox->owner || deadline_.expiry() > std::chrono::steady_clock::now()) return;
      giveUp();
      close({run::Code::timedOut,
             "no answer from the server within " + std::to_string(config_.stageDeadline.count()) + " ms: waiting for " +
                 awaited,
             nextStep});
    });
  }

  void goOnline(const Jid& self) {
    deadline_.cancel();
    online_ = true;
    const auto events = events_;
    if (events->online) events->online(self);
  }

  void deliver(Element stanza) {
    session_->handover().handled();
    const auto events = events_;
    if (events->stanza) events->stanza(std::move(stanza));
  }

  void close(const run::Error& why) {
    const auto events = events_;
    silence();
    if (events->closed) events->closed(why);  // may destroy this
  }

  // No event from here on.
  void silence() {
    online_ = false;
    if (inbox_) inbox_->owner = nullptr;
    events_.reset();
    deadline_.cancel();
    work_.reset();
  }

  void giveUp() {
    if (!session_ || session_->handover().abort()) return;
    inbox_->forgetExecutor();
    thread_.detach();
  }

  asio::any_io_executor executor_;
  ClientStreamConfig config_;
  run::Log log_;
  asio::steady_timer deadline_;
  std::optional<asio::executor_work_guard<asio::any_io_executor>> work_;
  std::shared_ptr<Events> events_;
  std::shared_ptr<Inbox> inbox_;
  std::shared_ptr<StropheSession> session_;
  bool online_ = false, stopped_ = false;
  Thread thread_;  // last: joined first
};

}  // namespace

std::unique_ptr<Stream> makeStropheStream(boost::asio::any_io_executor executor, ClientStreamConfig config,
                                          run::Log log) {
  return std::make_unique<StropheStream>(std::move(executor), std::move(config), std::move(log));
}

}  // namespace beckon::xmpp
