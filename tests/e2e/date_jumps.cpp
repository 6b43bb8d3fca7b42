// A date that jumps, for a program of a test (LD_PRELOAD): what is asked for the date gets it with as many seconds more
// as stand in the file that DATE_JUMPS names. Clocks that only go forward are left alone.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

time_t jump() {
  const char* file = std::getenv("DATE_JUMPS");
  const int descriptor = file ? ::open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return 0;
  char text[32]{};
  const auto size = ::read(descriptor, text, sizeof text - 1);
  ::close(descriptor);
  return size > 0 ? std::atol(text) : 0;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  const auto failed = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += jump();
  return failed;
}

int gettimeofday(timeval* time, void*) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
}
