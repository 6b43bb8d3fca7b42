#pragma once

#include <chrono>
#include <map>
#include <string>

namespace beckon::gateway {

// Keeps a chat from going in circles: another program may answer each answer, and understand nothing. To whoever is
// misunderstood so often in a row, or writes so fast, nobody listens any more until he has paused: that ends a circle,
// and a person can go on. Without I/O or clock.
class ChatPatience {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr int mostMisunderstood = 5;  // in a row
  // Lines at once; after that one in each of these times, in the long run.
  static constexpr int mostAtOnce = 30;
  static constexpr std::chrono::seconds oneMore{2};
  static constexpr std::chrono::seconds pause{60};
  // Accounts that are known at a time. Others wait until one of those has paused.
  static constexpr std::size_t mostAccounts = 1024;

  // A line of the account came: whether to listen.
  bool listens(const std::string& account, Time now);
  // To what it listened to. True: this was the last one, which should be told.
  bool misunderstood(const std::string& account);
  void understood(const std::string& account);

 private:
  struct Talk {
    Time last;
    double room = mostAtOnce;
    int misunderstood = 0;
    bool isOver = false;
  };
  std::map<std::string, Talk> talks_;
};

}  // namespace beckon::gateway
