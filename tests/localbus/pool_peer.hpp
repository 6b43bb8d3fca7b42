#pragma once

#include "localbus/pool.hpp"
#include "tests/localbus/raw_peer.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// A peer on a unix socket that sends whatever bytes and descriptors a test likes.
namespace beckon::test {

class PoolPeer {
 public:
  // `loop` runs while it waits; null: whoever it talks to is another process.
  PoolPeer(Loop* loop, const std::string& path)
      : loop_(loop), socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
  }

  void send(const qi::Header& header, qi::ByteView payload = {}, int descriptor = localbus::Descriptor::none) {
    auto whole = RawPeer::whole(header, payload);
    iovec part{whole.data(), whole.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor != localbus::Descriptor::none) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      auto* const head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    }
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != static_cast<ssize_t>(whole.size()))
      throw std::runtime_error("cannot send");
    if (loop_) loop_->poll();
  }
  // A slab as a peer of ours would offer it.
  std::shared_ptr<localbus::SharedMemory> offer(std::uint32_t number, std::size_t size) {
    auto made = localbus::SharedMemory::make(size).value();
    send({0, 0, 0, localbus::pool::slabType, 0, {}},
         qi::encode(localbus::pool::Offer(number, static_cast<std::uint32_t>(size))), made.descriptor.get());
    return std::move(made.memory);
  }
  void call(qi::Address address, qi::ByteView payload, std::uint8_t flags = 0) {
    send({++lastId_, 0, 0, qi::MessageType::call, flags, address}, payload);
  }
  Frame authenticate(bool hasPool = true) {
    auto map = qi::ownCapabilities();
    if (hasPool) map.emplace(qi::capability::beckonPool, qi::dynamic(true));
    call({qi::serverService, 0, qi::action::authenticate}, qi::encode(map));
    return message();
  }

  // The next message; none if the peer closed the connection. Throws if neither happens in time.
  std::optional<Frame> next() {
    const auto end = std::chrono::steady_clock::now() + Loop::patience;
    for (;;) {
      const auto parsed = parser_.next();
      if (!parsed) throw std::runtime_error("not a message: " + parsed.error().cause);
      if (*parsed) return Frame{(*parsed)->header, {(*parsed)->payload.begin(), (*parsed)->payload.end()}};
      if (loop_) loop_->poll();
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 10) == 0) {
        if (std::chrono::steady_clock::now() > end) throw std::runtime_error("no message and no end in time");
        continue;
      }
      const auto room = parser_.room();
      iovec part{room.data(), room.size()};
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      const auto got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
      if (got <= 0) return {};
      if (auto* const head = CMSG_FIRSTHDR(&message)) {
        int descriptor;
        std::memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
        descriptors.emplace_back(descriptor);
      }
      parser_.filled(static_cast<std::size_t>(got));
    }
  }
  Frame message() {
    auto frame = next();
    if (!frame) throw std::runtime_error("closed instead of a message");
    return std::move(*frame);
  }
  bool closes() { return !next(); }

  std::vector<localbus::Descriptor> descriptors;  // that came

 private:
  Loop* loop_;
  localbus::Descriptor socket_;
  qi::FrameParser parser_{qi::limits::maxPayload};
  std::uint32_t lastId_ = 0;
};

}  // namespace beckon::test
