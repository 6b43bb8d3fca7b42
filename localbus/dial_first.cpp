#include "localbus/dial_first.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace beckon::localbus {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr Duration attemptDelay = std::chrono::milliseconds(250);

// What the attempts have come to; kept by those that still run.
struct Race {
  explicit Race(Executor executor) : changed(executor) {}
  Timer changed;
  Receiver* receiver = nullptr;  // of the winner only: it need not outlive the others
  std::size_t running = 0;
  std::optional<Dialed> winner;
  std::optional<Error> problem;  // of the first that failed
  bool isOver = false;

  void ended(const Endpoint& endpoint, Result<std::shared_ptr<Connection>> attempt, const IsRight& isRight) {
    --running;
    auto right = attempt ? isRight(**attempt) : Result<>(attempt.error());
    if (right && !isOver && !winner) {
      winner = Dialed{std::move(*attempt), endpoint};
      winner->connection->setReceiver(receiver);
    } else if (attempt) {
      (*attempt)->close({Code::connectionLost, "another way was taken", {}});
    }
    if (!right && !problem) problem = right.error();
    changed.cancel();
  }
};

int kind(const Endpoint& endpoint) { return endpoint.isUnix() ? 0 : endpoint.isLoopback() ? 1 : 2; }

}  // namespace

asio::awaitable<Result<Dialed>> dialFirst(asio::io_context& io, std::vector<Endpoint> endpoints, DialOptions options,
                                          IsRight isRight, run::Log log) {
  const auto race = std::make_shared<Race>(io.get_executor());
  race->receiver = std::exchange(options.receiver, nullptr);
  for (int next = 0; next <= 2 && !race->winner; ++next) {
    for (const auto& endpoint : endpoints) {
      if (kind(endpoint) != next) continue;
      ++race->running;
      auto ended = [race, endpoint, isRight](std::exception_ptr, Result<std::shared_ptr<Connection>> attempt) {
        race->ended(endpoint, std::move(attempt), isRight);
      };
      asio::co_spawn(io, dial(io, endpoint, options, log), std::move(ended));
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto end = next == 2 ? std::chrono::steady_clock::time_point::max() : begin + attemptDelay;
    while (!race->winner && race->running > 0 && std::chrono::steady_clock::now() < end) {
      race->changed.expires_at(end);
      co_await race->changed.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
  race->isOver = true;
  if (race->winner) co_return std::move(*race->winner);
  co_return *race->problem;
}

}  // namespace beckon::localbus
