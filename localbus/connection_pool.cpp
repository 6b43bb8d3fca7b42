#include "localbus/connection_pool.hpp"

#include "localbus/bound_object.hpp"

#include <boost/asio/dispatch.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <array>

// What Connection does with the pool. docs/design/014-shared-memory.md
namespace beckon::localbus {

using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

error_code lastError() { return {errno, boost::system::system_category()}; }

}  // namespace

void ConnectionPool::pass(Descriptor descriptor, std::size_t queued) {
  passing_.push_back({written_ + queued, std::move(descriptor)});
}

std::size_t ConnectionPool::write(Socket& socket, qi::ByteView bytes, error_code& problem) {
  const bool isWithDescriptor = !passing_.empty() && passing_.front().at == written_;
  const std::size_t next = isWithDescriptor ? 1 : 0;
  if (passing_.size() > next)
    bytes = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), passing_[next].at - written_)));
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (isWithDescriptor) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int descriptor = passing_.front().descriptor.get();
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t sent;
  do sent = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  problem = sent < 0 ? lastError() : error_code();
  if (sent <= 0) return 0;
  if (isWithDescriptor) passing_.pop_front();
  written_ += static_cast<std::size_t>(sent);
  return static_cast<std::size_t>(sent);
}

std::size_t ConnectionPool::read(Socket& socket, std::span<std::uint8_t> room, error_code& problem) {
  iovec part{room.data(), room.size()};
  // One comes with each offer, and reading stops behind it; more than fit are closed by the kernel.
  alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got;
  do got = ::recvmsg(socket.native_handle(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  problem = got < 0 ? lastError() : error_code();
  if (got < 0) return 0;
  for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      arrived.emplace_back(descriptor);
    }
  }
  return static_cast<std::size_t>(got);
}

void Connection::settlePool() {
  if (!pool_) return;
  if (!capabilities_.shared(qi::capability::beckonPool)) return pool_.reset();
  pool_->handBack = [weak = weak_from_this()](std::uint32_t slab) {
    const auto self = weak.lock();
    if (!self) return;
    asio::dispatch(self->executor(), [self, slab] {
      if (!self->pool_) return;
      self->pool_->peers.returned(slab);
      self->append({0, 0, 0, pool::handBackType, 0, {}}, qi::encode(slab));
    });
  };
}

std::size_t Connection::writeSome(qi::ByteView bytes, error_code& problem) {
  if (pool_) return pool_->write(socket_, bytes, problem);
  return socket_.write_some(asio::buffer(bytes.data(), bytes.size()), problem);
}

void Connection::readPool() {
  if (state_ == State::closed) return;
  if (!pool_) {
    reading_ = false;
    return read();
  }
  error_code problem;
  const auto bytes = pool_->read(socket_, parser_.room(), problem);
  // Nobody has been told yet that descriptors may be sent here.
  if (server_ && state_ != State::ready) pool_->arrived.clear();
  for (auto& descriptor : std::exchange(pool_->arrived, {}))
    if (const auto taken = pool_->peers.arrived(std::move(descriptor)); !taken) return close(taken.error());
  if (problem == asio::error::would_block) {
    reading_ = false;
    return read();
  }
  if (!problem && bytes == 0) problem = asio::error::eof;
  onRead(problem, bytes);
}

PoolBuffer Connection::takeBuffer(std::size_t size) {
  if (!pool_ || state_ != State::ready) return Pool().take(size, false, {});
  auto buffer = pool_->own.take(size, true, steady_clock::now());
  putNotices();
  return buffer;
}

std::size_t Connection::poolSize() const { return pool_ ? pool_->own.size() : 0; }

bool Connection::putPooled(qi::Header header, const Payload& payload) {
  if (!pool_ || state_ != State::ready || payload.size() < pool::threshold) return false;
  const auto reference = pool_->own.lend(payload, steady_clock::now());
  putNotices();
  if (!reference) return false;
  header.flags |= pool::pooledFlag;
  append(header, qi::encode(*reference));
  return true;
}

void Connection::putNotices() {
  for (auto& notice : pool_->own.takeNotices()) {
    if (notice.descriptor.get() != Descriptor::none) pool_->pass(std::move(notice.descriptor), queued());
    append({0, 0, 0, notice.type, 0, {}}, notice.payload);
  }
  if (pool_->idleWatched || pool_->own.isEmpty()) return;
  pool_->idleWatched = true;
  pool_->idleTimer.expires_after(Pool::idleTime);
  pool_->idleTimer.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || !self->pool_) return;
    self->pool_->idleWatched = false;
    self->pool_->own.dropIdle(steady_clock::now());
    self->putNotices();
  });
}

void Connection::handlePooled(const qi::Message& message) {
  if (!pool_ || state_ != State::ready) return handle(message);
  const auto endUnless = [this](const run::Result<>& done) {
    if (done) return;
    log_->warn("{}: {}", peer_, done.error().cause);
    close(done.error());
  };
  const auto& header = message.header;
  if (header.type == pool::slabType) return endUnless(pool_->peers.offered(message.payload));
  if (header.type == pool::dropType) return endUnless(pool_->peers.dropped(message.payload));
  if (header.type == pool::handBackType) return endUnless(pool_->own.handedBack(message.payload, steady_clock::now()));
  if (!(header.flags & pool::pooledFlag)) return handle(message);
  auto borrowed = pool_->peers.borrow(message.payload, pool_->handBack);
  if (!borrowed) return endUnless(borrowed.error());
  qi::Message whole{header, borrowed->bytes};
  whole.header.flags = static_cast<std::uint8_t>(header.flags & ~pool::pooledFlag);
  whole.header.payloadSize = static_cast<std::uint32_t>(borrowed->bytes.size());
  if (readsInPlace(whole.header)) {
    pool_->current = std::move(*borrowed);
    handle(whole);
    if (pool_) pool_->current.reset();
    return;
  }
  // The peer could change what is being decoded.
  const qi::Bytes copy(whole.payload.begin(), whole.payload.end());
  *borrowed = {};
  whole.payload = copy;
  handle(whole);
}

bool Connection::readsInPlace(const qi::Header& header) const {
  if (header.type == qi::MessageType::reply) {
    const auto call = pending_.find(header.id);
    return call != pending_.end() && call->second.reading == Reading::inPlace && header.flags == 0;
  }
  // Only a service's own object: others may be of this connection, and their types are somebody else's.
  const bool isCall = header.type == qi::MessageType::call || header.type == qi::MessageType::post;
  if (!isCall || !receiver_ || header.flags != 0 || header.address.object != qi::mainObject ||
      header.address.service == qi::serverService)
    return false;
  const auto* const object = receiver_->hosted(header.address.service, header.address.object);
  return object && object->readsInPlace(header.address.action);
}

std::shared_ptr<const void> Connection::keep(qi::ByteView bytes) const {
  if (!pool_ || !pool_->current) return nullptr;
  const auto& [whole, owner] = *pool_->current;
  const std::less_equal<> isBefore;
  const bool isPart =
      isBefore(whole.data(), bytes.data()) && isBefore(bytes.data() + bytes.size(), whole.data() + whole.size());
  return isPart ? owner : nullptr;
}

}  // namespace beckon::localbus
