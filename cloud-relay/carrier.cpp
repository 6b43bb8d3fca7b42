#include "cloud-relay/carrier.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace beckon::relay {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Of one way in a row, before others have their turn.
constexpr int mostPieces = 8;
// Less than this at once: nothing more is there yet, most probably. Asking anew would cost a call each time.
constexpr std::size_t leastOfMore = std::size_t{16} * 1024;

ssize_t splice(int from, int to, std::size_t most) {
  for (;;) {
    const auto moved = ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved >= 0 || errno != EINTR) return moved;
  }
}

void prepare(tcp::socket& socket) {
  error_code ignored;
  socket.native_non_blocking(true, ignored);
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

Carrier::Carrier(tcp::socket first, tcp::socket second, Pipes& pipes, Events events)
    : first_(std::move(first)), second_(std::move(second)), pipes_(pipes), events_(std::move(events)) {
  ways_[0].from = ways_[1].to = &first_;
  ways_[0].to = ways_[1].from = &second_;
}

void Carrier::start() {
  prepare(first_);
  prepare(second_);
  for (auto& way : ways_) wait(way, *way.from, tcp::socket::wait_read);
}

void Carrier::close() {
  reset(first_);
  reset(second_);
}

void Carrier::wait(Way& way, tcp::socket& socket, tcp::socket::wait_type what) {
  socket.async_wait(what, [self = shared_from_this(), &way](error_code problem) {
    if (!problem && self->first_.is_open()) self->run(way);
  });
}

void Carrier::run(Way& way) {
  for (int piece = 0; piece < mostPieces; ++piece) {
    if (way.held == 0 && fill(way) == Step::wait) return;
    const auto size = way.held;
    if (drain(way) == Step::wait) return;
    if (size < leastOfMore) break;
  }
  rest(way);
}

// Nothing is on its way.
void Carrier::rest(Way& way) {
  pipes_.giveBack(std::move(way.pipe));
  wait(way, *way.from, tcp::socket::wait_read);
}

Carrier::Step Carrier::fill(Way& way) {
  if (!way.pipe) way.pipe = pipes_.take();
  const auto came = way.pipe ? splice(way.from->native_handle(), way.pipe->in(), Pipes::size) : -1;
  if (came > 0) {
    way.held = static_cast<std::size_t>(came);
    if (events_.moved(way.held)) return Step::goOn;
    breakOff();
  } else if (came == 0) {
    finish(way);
  } else if (way.pipe && errno == EAGAIN) {
    rest(way);
  } else {
    breakOff();
  }
  return Step::wait;
}

Carrier::Step Carrier::drain(Way& way) {
  while (way.held > 0) {
    const auto went = splice(way.pipe->out(), way.to->native_handle(), way.held);
    if (went > 0) {
      way.held -= static_cast<std::size_t>(went);
      continue;
    }
    if (went < 0 && errno == EAGAIN)
      wait(way, *way.to, tcp::socket::wait_write);
    else
      breakOff();
    return Step::wait;
  }
  return Step::goOn;
}

// Whoever writes this way has written all.
void Carrier::finish(Way& way) {
  pipes_.giveBack(std::move(way.pipe));
  way.isOver = true;
  error_code ignored;
  way.to->shutdown(tcp::socket::shutdown_send, ignored);
  if (!ways_[0].isOver || !ways_[1].isOver) return;
  first_.close(ignored);
  second_.close(ignored);
  events_.ended();
}

void Carrier::breakOff() {
  close();
  events_.ended();
}

}  // namespace beckon::relay
