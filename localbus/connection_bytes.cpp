#include "localbus/connection_pool.hpp"
#include "localbus/heartbeat.hpp"
#include "localbus/object_table.hpp"

#include <boost/asio/post.hpp>

// What Connection does with bytes: messages become those that leave, and those that arrive become messages.
namespace beckon::localbus {

using boost::system::error_code;
using run::Code;

void Connection::put(const Outgoing& message) {
  put({message.answers ? message.answers : ++lastMessageId_, 0, 0, message.type, 0, message.address}, message.payload);
}

void Connection::put(qi::Header header, const Payload& payload) {
  objects_->sent();
  if (!putPooled(header, payload)) append(header, payload);
}

void Connection::append(qi::Header header, const Payload& payload) {
  header.payloadSize = static_cast<std::uint32_t>(payload.size());
  const auto bytes = header.encode();
  std::size_t left = payload.size() >= largePayload ? writeAhead(bytes, payload) : 0;
  if (left > 0) begun_ = bytes.size() + payload.size() - left;
  for (const auto part : {qi::ByteView(bytes), payload.bytes, payload.raw}) {
    const auto taken = std::min(left, part.size());
    enqueue(part.subspan(taken));
    left -= taken;
  }
  if (!handling_) scheduleFlush();
}

void Connection::enqueue(qi::ByteView bytes) {
  if (bytes.empty()) return;
  const std::size_t at = queue_.size();
  queue_.resize(at + bytes.size());
  std::memcpy(queue_.data() + at, bytes.data(), bytes.size());
}

// Offers a message to the socket from where it lies, if nothing waits before it. How much was taken; what ails the
// socket, flush() will find.
std::size_t Connection::writeAhead(qi::ByteView header, const Payload& payload) {
  if (isLocal_ || tls_ || pool_ || waitingToWrite_ || queued() > 0 || !mayLeave()) return 0;
  error_code problem;
  const std::array<asio::const_buffer, 3> parts{asio::buffer(header.data(), header.size()),
                                                asio::buffer(payload.bytes.data(), payload.bytes.size()),
                                                asio::buffer(payload.raw.data(), payload.raw.size())};
  const auto written = socket_.write_some(parts, problem);
  watchPeer();
  return problem ? 0 : written;
}

void Connection::scheduleFlush() {
  if (flushScheduled_ || waitingToWrite_) return;
  flushScheduled_ = true;
  asio::post(executor(), [self = shared_from_this()] {
    self->flushScheduled_ = false;
    self->flush();
  });
}

void Connection::flushToPartner() {
  if (!partner_ || state_ == State::closed) return;
  const auto partner = partner_->shared_from_this();
  answersInQueue_ = 0;
  sendWaitingEvents();
  const auto bytes = std::exchange(queue_, {});
  for (qi::ByteView left = bytes; !left.empty() && partner->isOpen();) {
    const auto room = partner->parser_.room();
    const auto size = std::min(room.size(), left.size());
    std::memcpy(room.data(), left.data(), size);
    partner->parser_.filled(size);
    left = left.subspan(size);
    partner->arriving_ = left.size();
    partner->handleArrived();
  }
  read();
}

void Connection::flush() {
  if (isLocal_) return flushToPartner();
  if (state_ == State::closed || waitingToWrite_) return;
  for (;;) {
    if (queued() > 0 && !mayLeave()) return;
    if (sent_ == sending_.size()) {
      sending_.clear();
      if (sending_.capacity() > keptBuffer) sending_ = qi::Bytes();  // "= {}" would keep it
      sent_ = answersInSending_ = 0;
      sendWaitingEvents();
      refill();
      if (sending_.empty()) break;
    }
    error_code problem;
    sent_ += writeSome(qi::ByteView(sending_).subspan(sent_), problem);
    watchPeer();
    if (problem == asio::error::would_block) {
      waitingToWrite_ = true;
      socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code failed) {
        self->waitingToWrite_ = false;
        if (!failed) self->flush();
      });
      return;
    }
    if (problem) {
      close(
          {Code::connectionLost, "the connection to " + peer_ + " broke (" + problem.message() + ")", "connect again"});
      return;
    }
  }
  if (closesAfterFlush_)
    close(refusal_);
  else
    read();
}

// Moves what waits behind what the socket is to take, in the form in which it leaves.
void Connection::refill() {
  if (!tls_) {
    if (queue_.empty()) return;
    sending_.swap(queue_);
    sendingBegun_ = std::exchange(begun_, 0);
    return std::swap(answersInSending_, answersInQueue_);
  }
  if (tls_->isEstablished() && !queue_.empty() && tls_->write(queue_)) {
    queue_.clear();
    if (queue_.capacity() > keptBuffer) queue_ = qi::Bytes();
    answersInSending_ += std::exchange(answersInQueue_, 0);
  }
  tls_->takeOutgoing(sending_);
}

void Connection::read() {
  if (reading_ || handling_ || closesAfterFlush_ || state_ == State::closed || answersQueued() > maxQueued) return;
  if (isLocal_ && !paused_) return;
  reading_ = true;
  if (std::exchange(paused_, false)) {
    asio::post(executor(), [self = shared_from_this()] {
      self->reading_ = false;
      self->handleArrived();
    });
    return;
  }
  // A connection that waits holds no buffer.
  parser_.release();
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code problem) {
    if (problem) return self->onRead(problem, 0);
    if (self->tls_) return self->readTls();
    self->pool_ ? self->readPool() : self->readPlain();
  });
}

void Connection::readPlain() {
  if (state_ == State::closed) return;
  error_code problem;
  const auto room = parser_.room();
  const auto size = socket_.read_some(asio::buffer(room.data(), room.size()), problem);
  if (problem == asio::error::would_block) problem = {};  // read() waits on
  onRead(problem, size);
}

// Ciphertext is decrypted straight into the parser; nothing of it is kept between two reads.
void Connection::readTls() {
  thread_local std::array<std::uint8_t, 16 * 1024> scratch;  // a record of TLS, by its usual size
  if (state_ == State::closed) return;
  error_code problem;
  const auto size = socket_.read_some(asio::buffer(scratch), problem);
  if (problem && problem != asio::error::would_block) return onRead(problem, 0);
  qi::ByteView arrived(scratch.data(), problem ? 0 : size);
  while (state_ != State::closed) {
    const auto got = tls_->read(arrived, parser_.room());
    if (!got) return close(got.error());
    if (*got == 0) break;
    parser_.filled(*got);
    handleArrived();
  }
  reading_ = false;
  if (state_ == State::closed) return;
  if (tls_->isClosedByPeer()) return close(tls_->end());
  flush();
  read();
}

void Connection::onRead(const error_code& problem, std::size_t bytes) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (problem && tls_) return close(tls_->end());
  if (problem) {
    const bool truncated = parser_.pending() > 0;
    close({Code::connectionLost,
           truncated ? "the connection to " + peer_ + " ended in the middle of a message"
                     : "the connection to " + peer_ + " ended" +
                           (problem == asio::error::eof ? "" : " (" + problem.message() + ")"),
           "check that the peer still runs, then connect again"});
    return;
  }
  parser_.filled(bytes);
  handleArrived();
}

void Connection::handleArrived() {
  handling_ = true;
  while (state_ != State::closed && !closesAfterFlush_) {
    if (answersQueued() > maxQueued) {
      paused_ = true;
      break;
    }
    const auto next = parser_.next();
    if (!next) {
      log_->warn("{}: {}", peer_, next.error().cause);
      close(next.error());
      break;
    }
    if (!*next) break;
    handlePooled(**next);
  }
  handling_ = false;
  if (isLocal_) return scheduleFlush();  // not one inside the other for ever
  flush();
  read();
}

// While something is under way; the kernel watches an idle connection.
void Connection::watchPeer() {
  if (peerWatched_ || state_ == State::closed) return;
  peerWatched_ = true;
  peerTimer_.expires_after(heartbeat::lookInterval);
  peerTimer_.async_wait([self = shared_from_this()](error_code problem) {
    self->peerWatched_ = false;
    if (problem || self->state_ == State::closed) return;
    const auto sign = heartbeat::look(self->socket_.native_handle());
    if (sign == heartbeat::Sign::none)
      self->close({Code::connectionLost, self->peer_ + " gives no sign of life", "check its power and its network"});
    else if (sign == heartbeat::Sign::waiting)
      self->watchPeer();
  });
}

}  // namespace beckon::localbus
