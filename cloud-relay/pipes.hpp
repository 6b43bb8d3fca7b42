#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace beckon::relay {

// A pipe that does not block, through which splice(2) moves bytes from socket to socket.
class Pipe {
 public:
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int in() const { return in_; }
  int out() const { return out_; }

 private:
  friend class Pipes;
  Pipe(int in, int out) : in_(in), out_(out) {}
  int in_, out_;
};

// Empty pipes for whoever has bytes to move just now: a stream that rests holds none. Used by one thread.
class Pipes {
 public:
  // What a pipe is asked to hold. The system may give less to a user who has many (pipe-user-pages-soft).
  static constexpr int size = 256 * 1024;
  // That are kept for the next.
  static constexpr std::size_t mostKept = 64;

  std::unique_ptr<Pipe> take();  // none: the process has no descriptors left
  void giveBack(std::unique_ptr<Pipe> empty);

 private:
  std::vector<std::unique_ptr<Pipe>> kept_;
};

}  // namespace beckon::relay
