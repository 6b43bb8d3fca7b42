#include "tests/fuzz/live_peer.hpp"

#include "localbus/pool.hpp"
#include "tests/fuzz/check.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

namespace beckon::fuzz {

using localbus::Descriptor;
using qi::Header;
using qi::MessageType;

namespace {

// More rounds than any input of a few hundred messages takes: our programs talk to each other without end.
constexpr int mostRounds = 10'000;
// What comes with an offer of shared memory, whatever the offer says.
constexpr std::size_t slabSize = 64 * 1024;

bool isAnswer(MessageType type) {
  return type == MessageType::reply || type == MessageType::error || type == MessageType::canceled;
}

}  // namespace

LivePeer::LivePeer(boost::asio::io_context& io, Descriptor socket) : io_(io), socket_(std::move(socket)) {}

LivePeer LivePeer::dial(boost::asio::io_context& io, const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  check(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return {io, std::move(socket)};
}

void LivePeer::send(qi::ByteView frame) {
  const auto bytes = patched(frame);
  const bool isOffer = bytes.size() >= Header::size && Header::decode(bytes).type == localbus::pool::slabType;
  const auto slab = isOffer ? localbus::SharedMemory::make(slabSize) : run::Error{};
  write(bytes, slab ? slab->descriptor.get() : Descriptor::none);
}

qi::Bytes LivePeer::patched(qi::ByteView frame) {
  qi::Bytes bytes(frame.begin(), frame.end());
  if (frame.size() < Header::size) return bytes;
  auto header = Header::decode(frame);
  if (!isAnswer(header.type)) return bytes;
  const auto call = std::ranges::find_if(calls_, [&](const auto& known) { return known.second == header.address; });
  if (call == calls_.end()) return bytes;
  header.id = call->first;
  calls_.erase(call);
  const auto patch = header.encode();
  std::copy(patch.begin(), patch.end(), bytes.begin());
  return bytes;
}

// Until our program no longer takes it: it need not read.
void LivePeer::write(qi::ByteView bytes, int descriptor) {
  while (!bytes.empty() && socket_.get() != Descriptor::none) {
    iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor != Descriptor::none) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      auto* const head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    }
    const auto sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    descriptor = Descriptor::none;
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      continue;
    }
    io_.restart();
    if (errno != EAGAIN || io_.poll() == 0) return;
  }
}

void LivePeer::settle() {
  for (int round = 0;; ++round) {
    check(round < mostRounds);
    io_.restart();
    const bool hasRun = io_.poll() > 0;
    if (!drain() && !hasRun) return;
  }
}

// What our program has sent; false if there was nothing.
bool LivePeer::drain() {
  bool hasRead = false;
  while (reads_ && socket_.get() != Descriptor::none) {
    const auto room = parser_.room();
    const auto got = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    hasRead = true;
    parser_.filled(static_cast<std::size_t>(got));
    for (;;) {
      const auto next = parser_.next();
      check(bool(next));
      if (!*next) break;
      heard(**next);
    }
  }
  return hasRead;
}

void LivePeer::heard(const qi::Message& message) {
  auto header = message.header;
  if (header.type != MessageType::call) return;
  if (auto result = helper_ ? helper_(header.address) : std::nullopt) {
    header.type = MessageType::reply;
    header.payloadSize = static_cast<std::uint32_t>(result->size());
    const auto head = header.encode();
    result->insert(result->begin(), head.begin(), head.end());
    return write(*result, Descriptor::none);
  }
  calls_.emplace(header.id, header.address);
}

}  // namespace beckon::fuzz
