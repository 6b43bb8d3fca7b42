#pragma once

#include <chrono>

// How a TCP peer is noticed that is gone without a word: power, cable, network (docs/design/017). The kernel asks and
// answers, so that the peer need know nothing of it, and a program that is only busy is not taken for one that is gone.
namespace beckon::localbus::heartbeat {

// An idle connection is asked after this time, then as often as `probes` at this interval: gone after 4 s.
inline constexpr std::chrono::seconds interval{1};
inline constexpr int probes = 3;
// The kernel does not ask while data is under way; its own patience with that is 15 minutes. We look this often ...
inline constexpr std::chrono::milliseconds lookInterval{500};
// ... and give up when nothing was acknowledged for so long: gone after 4 s as well.
inline constexpr std::chrono::milliseconds silence{3500};

// Switches the kernel's questions on. Of no effect on a unix socket, whose peer cannot go without a word.
void start(int socket);

enum class Sign {
  idle,     // nothing is under way: the kernel asks
  waiting,  // something is: look again
  none,     // and nothing has come back for too long
};
// `idle` for what is not TCP.
Sign look(int socket);

}  // namespace beckon::localbus::heartbeat
