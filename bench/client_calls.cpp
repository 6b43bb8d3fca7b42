// The modes that call the methods of Bench.
#include "bench/client_bus.hpp"
#include "localbus/awaiting.hpp"

#include <boost/asio/post.hpp>

#include <future>
#include <thread>

namespace beckon::bench {

using localbus::Method;
using localbus::RemoteObject;
using run::Result;

namespace {

// Calls before those that count: caches and buffers have found their size.
int warmUp(int count) { return std::min(1000, std::max(1, count / 10)); }

// Calls one method with the same arguments again and again, so many at a time.
template <class Signature>
class Calls;

template <class R, class... Args>
class Calls<R(Args...)> {
 public:
  Calls(Method<R(Args...)> method, int outstanding, Args... arguments)
      : method_(std::move(method)), outstanding_(outstanding), arguments_(std::move(arguments)...) {}

  awaitable<Result<>> run(int count) {
    count_ = count;
    begun_ = done_ = 0;
    latencies.clear();
    latencies.reserve(static_cast<std::size_t>(count));
    auto running = localbus::awaiting<Result<>>([this](auto ended) {
      ended_ = std::move(ended);
      for (int i = 0; i < std::min(outstanding_, count_); ++i) next();
    });
    co_return co_await std::move(running);
  }

  std::vector<double> latencies;

 private:
  void next() {
    ++begun_;
    const auto answered = [this, begun = Clock::now()](Result<R> answer) {
      if (!ended_) return;
      if (!answer) return std::exchange(ended_, {})(answer.error());
      latencies.push_back(microsecondsSince(begun));
      if (++done_ == count_) return std::exchange(ended_, {})({});
      if (begun_ < count_) next();
    };
    std::apply([&](const Args&... each) { method_.call(patience, answered, each...); }, arguments_);
  }

  Method<R(Args...)> method_;
  int outstanding_, count_ = 0, begun_ = 0, done_ = 0;
  std::tuple<Args...> arguments_;
  run::UniqueFunction<void(Result<>)> ended_;
};

template <class R, class... Args>
awaitable<Result<Outcome>> measureCalls(Bus& bus, std::string service, std::string name, Args... arguments) {
  auto finding = bus.session->service(service, patience);
  const auto object = co_await std::move(finding);
  if (!object) co_return object.error();
  auto method = (*object)->template method<R(Args...)>(name);
  if (!method) co_return method.error();
  Calls<R(Args...)> calls(*method, bus.options.outstanding, std::move(arguments)...);
  auto warming = calls.run(warmUp(bus.options.count));
  if (const auto warm = co_await std::move(warming); !warm) co_return warm.error();
  Outcome outcome{.mode = bus.options.mode, .unit = "calls/s", .count = static_cast<std::uint64_t>(bus.options.count)};
  Stretch stretch(bus.server);
  stretch.begin();
  auto running = calls.run(bus.options.count);
  if (const auto ran = co_await std::move(running); !ran) co_return ran.error();
  stretch.end(outcome);
  outcome.latencies = std::move(calls.latencies);
  co_return outcome;
}

// One of the threads that share a session: each call goes to the session's loop, its answer comes back.
Result<> callAndWait(boost::asio::io_context& io, const Method<std::int32_t(std::int32_t)>& echo, int count) {
  for (int i = 0; i < count; ++i) {
    std::promise<Result<std::int32_t>> promise;
    boost::asio::post(io, [&] {
      echo.call(
          patience, [&promise](Result<std::int32_t> answer) { promise.set_value(std::move(answer)); }, 42);
    });
    if (const auto answer = promise.get_future().get(); !answer) return answer.error();
  }
  return {};
}

}  // namespace

awaitable<Result<Outcome>> callOneService(Bus& bus, std::string service) {
  return measureCalls<std::int32_t, std::int32_t>(bus, std::move(service), "echo", 42);
}

awaitable<Result<Outcome>> callWithText(Bus& bus) {
  std::string text(static_cast<std::size_t>(bus.options.size), 'a');
  return measureCalls<std::string, std::string>(bus, "Bench", "echoStr", std::move(text));
}

awaitable<Result<Outcome>> callWithBytes(Bus& bus, bool andBack) {
  qi::Bytes bytes(static_cast<std::size_t>(bus.options.size), std::uint8_t{0x5a});
  auto calling = andBack ? measureCalls<qi::Bytes, qi::Bytes>(bus, "Bench", "echoRaw", std::move(bytes))
                         : measureCalls<std::int32_t, qi::Bytes>(bus, "Bench", "sink", std::move(bytes));
  auto outcome = co_await std::move(calling);
  if (outcome) {
    outcome->unit = "MB/s";
    outcome->scale = bus.options.size / 1e6;
  }
  co_return outcome;
}

awaitable<Result<Outcome>> callFromThreads(Bus& bus) {
  auto finding = bus.session->service("Bench", patience);
  const auto object = co_await std::move(finding);
  if (!object) co_return object.error();
  const auto echo = (*object)->method<std::int32_t(std::int32_t)>("echo");
  if (!echo) co_return echo.error();
  const int each = std::max(1, bus.options.count / bus.options.threads);
  Outcome outcome{.mode = bus.options.mode,
                  .unit = "calls/s",
                  .count = static_cast<std::uint64_t>(each) * static_cast<std::uint64_t>(bus.options.threads)};
  Stretch stretch(bus.server);
  stretch.begin();
  std::vector<std::thread> threads;
  int left = bus.options.threads;
  Result<> all;
  auto running = localbus::awaiting<Result<>>([&](auto ended) {
    const auto shared = std::make_shared<decltype(ended)>(std::move(ended));
    for (int i = 0; i < bus.options.threads; ++i)
      threads.emplace_back([&, shared, each] {
        const auto done = callAndWait(bus.io, *echo, each);
        boost::asio::post(bus.io, [&, shared, done] {
          if (!done) all = done;
          if (--left == 0) (*shared)(all);
        });
      });
  });
  const auto ran = co_await std::move(running);
  stretch.end(outcome);
  for (auto& thread : threads) thread.join();
  if (!ran) co_return ran.error();
  co_return outcome;
}

}  // namespace beckon::bench
