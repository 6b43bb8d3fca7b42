#pragma once

#include "core/run/log.hpp"
#include "policy/tokens.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

namespace beckon::policy {

// The tokens of a running robot: who shows one is looked up here, and whoever let somebody in by one is told when it
// ends: revoked or expired, by whatever process, the clock set, the file replaced. Told within `period` and what the
// loop is busy with.
//
// It looks at the file each `period` (docs/design/024 says why, and what it costs) and keeps what is in it in memory.
// If it cannot look for `blind` in a row, every token counts as ended until it can: nobody would hear of a revocation.
// Lives on one executor.
class LiveTokens {
 public:
  static constexpr std::chrono::milliseconds period{250};
  static constexpr int blind = 3;

  using Clock = std::function<WallTime()>;

  // `reason`: for the log, and for whoever held it.
  struct Ended {
    std::int64_t id;
    std::string name;
    std::string_view reason;
  };

  LiveTokens(boost::asio::any_io_executor executor, Tokens store, run::Log log, Clock clock = wallClock);
  ~LiveTokens();
  LiveTokens(const LiveTokens&) = delete;
  LiveTokens& operator=(const LiveTokens&) = delete;

  // Looks from now on, until stop(). Needed for being told; find() and isGood() look themselves.
  void start();
  void stop();

  // The good token with that text, as the file has it now. Error notAuthenticated: the token is of no use, and
  // `isKnown` says whether it was one; invalidConfig: the file cannot be read.
  struct Found {
    run::Result<Token> token;
    bool isKnown = false;
  };
  Found find(std::string_view text);
  // Asked again where somebody that find() let in is entered into a list: he may have been told of its end before.
  bool isGood(std::int64_t id) const { return good_.contains(id); }

  // Called once for each token that ends, from the loop and never from within find(). Ends with what is returned.
  using Handler = std::function<void(const Ended&)>;
  [[nodiscard]] std::shared_ptr<void> onEnded(Handler handler);

  // What the timer does each period.
  void look();

 private:
  void wait();
  run::Result<> refresh();
  run::Result<> read();
  void settle();
  void fail(const run::Error& error);
  void tell(std::vector<Ended> ended);

  boost::asio::any_io_executor executor_;
  Tokens store_;
  run::Log log_;
  Clock clock_;
  boost::asio::steady_timer timer_;
  struct ByHash {
    std::size_t operator()(const TokenHash& hash) const;
  };
  std::unordered_map<TokenHash, Token, ByHash> tokens_;
  std::map<std::int64_t, std::string> good_;  // names
  std::optional<std::int64_t> version_;       // of the file, as it was read
  std::optional<WallTime> settled_;           // the second at which `good_` was told
  int failures_ = 0;
  bool isRunning_ = false;
  std::map<std::uint64_t, Handler> handlers_;
  std::uint64_t lastHandler_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace beckon::policy
