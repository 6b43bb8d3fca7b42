#include "cloud-relay/pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace beckon::relay {

Pipe::~Pipe() {
  ::close(in_);
  ::close(out_);
}

std::unique_ptr<Pipe> Pipes::take() {
  if (!kept_.empty()) {
    auto out = std::move(kept_.back());
    kept_.pop_back();
    return out;
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  ::fcntl(ends[1], F_SETPIPE_SZ, size);  // refused: it has the usual size
  return std::unique_ptr<Pipe>(new Pipe(ends[1], ends[0]));
}

void Pipes::giveBack(std::unique_ptr<Pipe> empty) {
  if (kept_.size() < mostKept) kept_.push_back(std::move(empty));
}

}  // namespace beckon::relay
