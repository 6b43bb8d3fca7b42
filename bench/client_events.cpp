// The mode that hears what Bench emits.
#include "bench/client_bus.hpp"
#include "localbus/awaiting.hpp"

#include <optional>

namespace beckon::bench {

using localbus::RemoteObject;
using run::Result;

namespace {

// Lets the service fire batches, so many at a time, until enough events have come.
class Batches {
 public:
  using Fire = localbus::Method<void(std::int32_t)>;
  Batches(Fire fire, const ClientOptions& options) : fire_(std::move(fire)), options_(options) {}

  void heard() {
    if (++heard_ % delivered() == 0) next();
    endIfOver();
  }
  awaitable<Result<>> run(std::uint64_t batches) {
    batches_ = batches;
    fired_ = heard_ = 0;
    wanted_ = batches * delivered();
    auto running = localbus::awaiting<Result<>>([this](auto ended) {
      ended_ = std::move(ended);
      for (int i = 0; i < options_.outstanding; ++i) next();
    });
    co_return co_await std::move(running);
  }
  // Deliveries of one batch.
  std::uint64_t delivered() const {
    return static_cast<std::uint64_t>(options_.batch) * static_cast<std::uint64_t>(options_.subscribers);
  }

 private:
  void next() {
    if (fired_ == batches_ || problem_) return;
    ++fired_;
    ++unanswered_;
    fire_.call(
        patience,
        [this](Result<void> fired) {
          --unanswered_;
          if (!fired) problem_ = fired.error();
          endIfOver();
        },
        options_.batch);
  }
  // The last events may come before the answer to the call that fired them, which still needs us.
  void endIfOver() {
    if (!ended_ || unanswered_ > 0 || (heard_ < wanted_ && !problem_)) return;
    std::exchange(ended_, {})(problem_ ? Result<>(*problem_) : Result<>());
  }

  Fire fire_;
  const ClientOptions& options_;
  std::uint64_t batches_ = 0, fired_ = 0, heard_ = 0, wanted_ = 0, unanswered_ = 0;
  std::optional<run::Error> problem_;
  run::UniqueFunction<void(Result<>)> ended_;
};

}  // namespace

awaitable<Result<Outcome>> hearEvents(Bus& bus) {
  const auto& options = bus.options;
  auto finding = bus.session->service("Bench", patience);
  const auto bench = co_await std::move(finding);
  if (!bench) co_return bench.error();
  const auto fire = (*bench)->method<void(std::int32_t)>("fire");
  if (!fire) co_return fire.error();
  Batches batches(*fire, options);
  std::vector<std::shared_ptr<RemoteObject>> objects{*bench};
  std::vector<std::shared_ptr<RemoteObject::Subscription>> subscriptions;
  for (int i = 0; i < options.subscribers; ++i) {
    if (i > 0) {
      const auto connection = co_await openConnection(bus);
      if (!connection) co_return connection.error();
      auto opening = RemoteObject::open(*connection, (*bench)->service(), "Bench", patience);
      const auto object = co_await std::move(opening);
      if (!object) co_return object.error();
      objects.push_back(*object);
    }
    RemoteObject::EventHandler heard = [&batches](const qi::Value&) { batches.heard(); };
    auto subscribing = objects.back()->subscribe("tick", std::move(heard), patience);
    const auto subscription = co_await std::move(subscribing);
    if (!subscription) co_return subscription.error();
    subscriptions.push_back(*subscription);
  }
  const auto count = static_cast<std::uint64_t>(options.count);
  const auto wanted = std::max<std::uint64_t>(1, count / batches.delivered());
  auto warming = batches.run(1);
  if (const auto warm = co_await std::move(warming); !warm) co_return warm.error();
  Outcome outcome{.mode = options.mode, .unit = "events/s", .count = wanted * batches.delivered()};
  Stretch stretch(bus.server);
  stretch.begin();
  auto running = batches.run(wanted);
  if (const auto ran = co_await std::move(running); !ran) co_return ran.error();
  stretch.end(outcome);
  subscriptions.clear();
  for (std::size_t i = 1; i < objects.size(); ++i)
    objects[i]->connection()->close({run::Code::connectionLost, "measured", {}});
  co_return outcome;
}

}  // namespace beckon::bench
