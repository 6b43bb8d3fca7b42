#include "localbus/connection.hpp"

#include "core/qi/error_payload.hpp"
#include "localbus/connection_pool.hpp"
#include "localbus/heartbeat.hpp"
#include "localbus/object_table.hpp"
#include "localbus/tcp_address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <set>

namespace beckon::localbus {
namespace {

using boost::system::error_code;
using qi::MessageType;
using run::Code;
using run::Error;

std::atomic<std::uint64_t> connectionCount{0};

std::uint64_t listenerKey(std::uint32_t service, std::uint32_t object) {
  return (std::uint64_t{service} << 32) | object;
}

std::string describePeer(Socket& socket) {
  error_code problem;
  const auto remote = socket.remote_endpoint(problem);
  if (problem) return "a peer that is gone";
  if (const auto tcp = tcpAddress(remote)) return tcp->address().to_string() + ":" + std::to_string(tcp->port());
  ucred other{};
  socklen_t size = sizeof other;
  const bool isKnown = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &other, &size) == 0;
  return "process " + (isKnown ? std::to_string(other.pid) : "?") + " of this computer";
}

// Shared memory goes where descriptors do.
bool isUnix(Socket& socket) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

qi::CapabilityMap withPool(qi::CapabilityMap capabilities, bool hasPool) {
  if (hasPool) capabilities.emplace(qi::capability::beckonPool, qi::dynamic(true));
  return capabilities;
}

}  // namespace

Connection::Connection(Socket socket, Receiver* receiver, run::Log log, qi::CapabilityMap capabilities,
                       std::unique_ptr<TlsChannel> tls)
    : socket_(std::move(socket)),
      authenticationTimer_(socket_.get_executor()),
      deadlineTimer_(socket_.get_executor()),
      peerTimer_(socket_.get_executor()),
      receiver_(receiver),
      log_(std::move(log)),
      id_(++connectionCount),
      peer_(describePeer(socket_)),
      capabilities_(withPool(std::move(capabilities), !tls && isUnix(socket_))),
      objects_(std::make_unique<ObjectTable>(*this)),
      tls_(std::move(tls)) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);  // of no meaning to a unix socket
  socket_.non_blocking(true, ignored);
  if (socket_.is_open()) heartbeat::start(socket_.native_handle());
  // Before anything can come with a descriptor.
  if (!tls_ && isUnix(socket_)) pool_ = std::make_unique<ConnectionPool>(executor());
}

Connection::~Connection() {
  if (partner_) partner_->partner_ = nullptr;
}

std::shared_ptr<Connection> Connection::accepted(Socket socket, Authenticator authenticator, Receiver* receiver,
                                                 run::Log log, qi::CapabilityMap capabilities,
                                                 std::unique_ptr<TlsChannel> tls) {
  std::shared_ptr<Connection> connection(
      new Connection(std::move(socket), receiver, std::move(log), std::move(capabilities), std::move(tls)));
  connection->server_.emplace(std::move(authenticator), connection->capabilities_);
  return connection;
}

std::shared_ptr<Connection> Connection::connected(Socket socket, qi::CapabilityMap credentials, CredentialSource more,
                                                  Receiver* receiver, run::Log log, qi::CapabilityMap capabilities,
                                                  std::unique_ptr<TlsChannel> tls) {
  std::shared_ptr<Connection> connection(
      new Connection(std::move(socket), receiver, std::move(log), std::move(capabilities), std::move(tls)));
  connection->client_.emplace(std::move(credentials), std::move(more), connection->capabilities_);
  return connection;
}

std::pair<std::shared_ptr<Connection>, std::shared_ptr<Connection>> Connection::pair(Executor executor, Receiver* one,
                                                                                     Receiver* other, run::Log log) {
  std::shared_ptr<Connection> ends[2];
  for (auto& end : ends) {
    end.reset(new Connection(Socket(executor), nullptr, log, qi::ownCapabilities(), nullptr));
    end->peer_ = "this process";
    end->isLocal_ = true;
    end->capabilities_.addRemote(qi::ownCapabilities());
    end->parser_.setMaxPayload(qi::limits::maxPayload);
    end->state_ = State::ready;
  }
  ends[0]->receiver_ = one;
  ends[1]->receiver_ = other;
  ends[0]->partner_ = ends[1].get();
  ends[1]->partner_ = ends[0].get();
  ends[0]->partnerId_ = ends[1]->id_;
  ends[1]->partnerId_ = ends[0]->id_;
  return {ends[0], ends[1]};
}

void Connection::start(ReadyHandler ready, Duration limit) {
  ready_ = std::move(ready);
  state_ = State::authenticating;
  authenticationTimer_.expires_after(limit);
  authenticationTimer_.async_wait([self = shared_from_this()](error_code problem) {
    if (!problem && self->state_ == State::authenticating)
      self->close({Code::timedOut, self->peer_ + " did not authenticate in time",
                   "check that a qi directory or service listens there"});
  });
  if (client_) put(client_->begin());
  scheduleFlush();
  read();
}

std::string Connection::localAddress() const {
  error_code problem;
  const auto local = socket_.local_endpoint(problem);
  const auto tcp = problem ? std::nullopt : tcpAddress(local);
  if (!tcp) return {};
  const auto address = tcp->address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

void Connection::onClosed(std::function<void(const Error&)> handler) { onClosed_ = std::move(handler); }

void Connection::close(Error reason) {
  if (state_ == State::closed) return;
  const auto self = shared_from_this();
  state_ = State::closed;
  error_code ignored;
  authenticationTimer_.cancel();
  deadlineTimer_.cancel();
  peerTimer_.cancel();
  if (tls_) {
    refill();
    tls_->close();
    tls_->takeOutgoing(sending_);
  }
  // What was sent in this turn still leaves, as far as the socket takes it at once.
  const bool mayStillLeave = mayLeave();
  for (qi::ByteView rest : {qi::ByteView(sending_).subspan(sent_), qi::ByteView(queue_)})
    while (mayStillLeave && !rest.empty() && !ignored) rest = rest.subspan(writeSome(rest, ignored));
  socket_.close(ignored);
  pool_.reset();
  if (partner_) asio::post(executor(), [partner = partner_->shared_from_this(), reason] { partner->close(reason); });
  // First the receiver: the handlers may end whom it belongs to.
  if (auto* const receiver = std::exchange(receiver_, nullptr)) receiver->closed(*this);
  if (ready_) std::exchange(ready_, {})(reason);
  auto pending = std::exchange(pending_, {});
  for (auto& [id, call] : pending) call.handler(reason);
  auto cancels = std::exchange(cancels_, {});
  for (auto& [id, cancel] : cancels) cancel();
  objects_->clear();
  listeners_.clear();
  if (onClosed_) std::exchange(onClosed_, {})(reason);
}

std::uint32_t Connection::call(qi::Address address, const Payload& arguments, Duration timeout, AnswerHandler handler,
                               std::uint8_t flags, Reading reading) {
  std::optional<Error> refusal;
  if (state_ != State::ready)
    refusal = Error{Code::connectionLost, "the connection to " + peer_ + " is closed", "connect again"};
  else if (arguments.size() > qi::limits::maxPayload)
    refusal = Error{Code::tooLarge,
                    "the arguments take " + std::to_string(arguments.size()) + " bytes, the limit is " +
                        std::to_string(qi::limits::maxPayload),
                    "send less at once"};
  else if (queued() > maxQueued)
    refusal = Error{Code::overloaded, "too much waits to be sent to " + peer_, "wait for answers before calling again"};
  else if (server_ && !capabilities_.remote(qi::capability::clientServerSocket))
    refusal = Error{Code::callFailed, peer_ + " takes no calls on the connection that it opened", {}};
  if (refusal) {
    objects_->takeBack();
    asio::post(executor(),
               [handler = std::move(handler), error = std::move(*refusal)]() mutable { handler(std::move(error)); });
    return noCall;
  }
  qi::Header header;
  header.id = ++lastMessageId_;
  header.type = MessageType::call;
  header.flags = flags;
  header.address = address;
  pending_.emplace(header.id,
                   Pending{std::move(handler), address, std::chrono::steady_clock::now() + timeout, reading});
  put(header, arguments);
  watchDeadlines();
  return header.id;
}

bool Connection::cancel(std::uint32_t call) {
  const auto found = pending_.find(call);
  if (found == pending_.end() || !capabilities_.shared(qi::capability::remoteCancelableCalls)) return false;
  auto address = found->second.address;
  address.action = 0;
  put({++lastMessageId_, 0, 0, MessageType::cancel, 0, address}, qi::encode(call));
  return true;
}

void Connection::abandon(std::uint32_t service, const Error& reason) {
  const auto isOfService = [service](std::uint32_t, const Pending& call) { return call.address.service == service; };
  for (auto& handler : takePending(isOfService)) handler(reason);
}

void Connection::takeBack(const std::function<bool(const qi::Message&)>& which) {
  static constexpr qi::Address nobody{0xFFFFFFFF, 0, 0};
  std::set<std::uint32_t> calls;
  // In bytes that hold messages from `at` on, of those that begin at `from` or later.
  const auto look = [&](qi::Bytes& bytes, std::size_t at, std::size_t from) {
    while (at < bytes.size()) {
      const auto message = qi::ByteView(bytes).subspan(at);
      auto header = qi::Header::decode(message);
      const bool isCall = header.type == MessageType::call;
      const auto payload = message.subspan(qi::Header::size, header.payloadSize);
      if (at >= from && (isCall || header.type == MessageType::post) && which({header, payload})) {
        if (isCall) calls.insert(header.id);
        header.type = MessageType::post;
        header.address = nobody;
        std::ranges::copy(header.encode(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
      }
      at += qi::Header::size + header.payloadSize;
    }
  };
  if (!tls_) look(sending_, sendingBegun_, sent_);
  look(queue_, begun_, 0);
  const auto isOne = [&](std::uint32_t id, const Pending&) { return calls.contains(id); };
  for (auto& handler : takePending(isOne)) handler(Error{Code::canceled, "the call was taken back", {}});
}

template <class Predicate>
std::vector<AnswerHandler> Connection::takePending(const Predicate& which) {
  std::vector<AnswerHandler> taken;
  for (auto call = pending_.begin(); call != pending_.end();) {
    const bool isOne = which(call->first, call->second);
    if (isOne) taken.push_back(std::move(call->second.handler));
    call = isOne ? pending_.erase(call) : std::next(call);
  }
  return taken;
}

void Connection::post(qi::Address address, const Payload& arguments, std::uint8_t flags) {
  if (state_ != State::ready || queued() > maxQueued || arguments.size() > qi::limits::maxPayload)
    return objects_->takeBack();
  put({++lastMessageId_, 0, 0, MessageType::post, flags, address}, arguments);
}

qi::ObjectFormat Connection::format(std::uint32_t service, bool isArgument) const {
  auto format = capabilities_.objectFormat();
  format.exchange = objects_.get();
  format.service = service;
  format.isArgument = isArgument;
  return format;
}

void Connection::onCancel(std::uint32_t id, run::UniqueFunction<void()> handler) {
  if (!handler)
    cancels_.erase(id);
  else if (state_ != State::closed)
    cancels_[id] = std::move(handler);
  else
    asio::post(executor(), std::move(handler));
}

void Connection::answer(std::uint32_t id, qi::Address address, MessageType type, const Payload& payload,
                        std::uint8_t flags) {
  if (state_ == State::closed) return;
  if (payload.size() > qi::limits::maxPayload) {
    objects_->takeBack();
    const auto text = qi::encodeErrorText("the answer takes " + std::to_string(payload.size()) +
                                          " bytes, the limit is " + std::to_string(qi::limits::maxPayload));
    return answer(id, address, MessageType::error, text);
  }
  --unanswered_;
  if (witness_) witness_->answering(id, type, payload);
  const std::size_t before = queue_.size();
  put({id, 0, 0, type, flags, address}, payload);
  answersInQueue_ += queue_.size() - before;
}

void Connection::listen(std::uint32_t service, std::uint32_t object, EventHandler handler) {
  if (handler)
    listeners_[listenerKey(service, object)] = std::move(handler);
  else
    listeners_.erase(listenerKey(service, object));
}

void Connection::handle(const qi::Message& message) {
  const auto& header = message.header;
  if ((state_ == State::authenticating || header.address.service == qi::serverService ||
       header.type == MessageType::capability) &&
      handshake(message))
    return;
  switch (header.type) {
    case MessageType::call:
    case MessageType::post:
      return handleCall(message);
    case MessageType::cancel:
      return handleCancel(message);
    case MessageType::reply:
    case MessageType::error:
    case MessageType::canceled:
      return handleAnswer(message);
    case MessageType::event: {
      const auto found = listeners_.find(listenerKey(header.address.service, header.address.object));
      if (found == listeners_.end()) return;
      const auto handler = found->second;  // it may end its own listening
      handler(message);
      return;
    }
    default:
      log_->debug("{}: message of unknown type {}", peer_, static_cast<int>(header.type));
  }
}

// Who opened a connection takes calls on it if both sides want that.
bool Connection::takesCalls() const { return server_ || capabilities_.shared(qi::capability::clientServerSocket); }

void Connection::handleCall(const qi::Message& message) {
  const auto self = shared_from_this();
  if (message.header.type == MessageType::call && ++unanswered_ > qi::limits::maxUnanswered)
    return answer(message.header.id, message.header.address, MessageType::error,
                  qi::encodeErrorText("overloaded: " + std::to_string(qi::limits::maxUnanswered) +
                                      " calls of this connection wait for their answers, which is the limit"));
  if (takesCalls() && objects_->received(self, message)) return;
  if (takesCalls() && receiver_) return receiver_->received(self, message);
  if (message.header.type == MessageType::call)
    answer(message.header.id, message.header.address, MessageType::error, qi::encodeNotHandled());
}

void Connection::handleCancel(const qi::Message& message) {
  const auto call = qi::decode<std::uint32_t>(message.payload);
  auto found = call ? cancels_.extract(*call) : decltype(cancels_)::node_type();
  if (!found.empty()) found.mapped()();
}

// True if the message belonged to the set-up of the connection.
bool Connection::handshake(const qi::Message& message) {
  if (message.header.type == MessageType::capability && !server_) {
    if (const auto map = qi::decode<qi::CapabilityMap>(message.payload)) capabilities_.addRemote(*map);
    return true;
  }
  if (server_) {
    auto step = server_->receive(message);
    if (step.send) {
      const std::size_t before = queue_.size();
      put(*step.send);
      answersInQueue_ += queue_.size() - before;
    }
    if (step.close) {
      refusal_ = {Code::notAuthenticated, peer_ + " was refused", {}};
      closesAfterFlush_ = true;
      // The refusal may never leave: the peer need not read.
      authenticationTimer_.expires_after(authenticationTime);
      authenticationTimer_.async_wait([self = shared_from_this()](error_code cancelled) {
        if (!cancelled) self->close(self->refusal_);
      });
    }
    if (server_->done() && state_ == State::authenticating) becomeReady();
    return true;
  }
  if (state_ != State::authenticating) return false;
  if (message.header.address.service != qi::serverService) return true;
  auto step = client_->receive(message);
  if (step.send) put(*step.send);
  if (step.failed) close(std::move(*step.failed));
  if (client_->done()) becomeReady();
  return true;
}

void Connection::becomeReady() {
  state_ = State::ready;
  authenticationTimer_.cancel();
  parser_.setMaxPayload(qi::limits::maxPayload);
  if (auto caller = capabilities_.remoteText(qi::capability::beckonCaller); !caller.empty())
    principal_ = std::make_shared<const std::string>(std::move(caller));
  settlePool();
  if (ready_) std::exchange(ready_, {})({});
}

void Connection::handleAnswer(const qi::Message& message) {
  const auto found = pending_.find(message.header.id);
  if (found == pending_.end()) return;  // late, or never asked
  auto handler = std::move(found->second.handler);
  pending_.erase(found);
  switch (message.header.type) {
    case MessageType::reply:
      return handler(Answer{message.header.flags, message.payload, format(message.header.address.service)});
    case MessageType::canceled:
      return handler(Error{Code::canceled, "the call was canceled", {}});
    default:
      return handler(Error{Code::callFailed, qi::decodeErrorText(message.payload), {}});
  }
}

void Connection::watchDeadlines() {
  if (deadlinesWatched_) return;
  deadlinesWatched_ = true;
  deadlineTimer_.expires_after(deadlineStep);
  deadlineTimer_.async_wait([self = shared_from_this()](error_code problem) {
    self->deadlinesWatched_ = false;
    if (problem) return;
    const auto now = std::chrono::steady_clock::now();
    const auto isLate = [&](std::uint32_t id, const Pending& call) {
      if (call.deadline > now) return false;
      self->cancel(id);
      return true;
    };
    for (auto& handler : self->takePending(isLate))
      handler(Error{Code::timedOut, "no answer from " + self->peer_ + " before the deadline",
                    "check that the service is not stuck, or allow more time"});
    if (!self->pending_.empty()) self->watchDeadlines();
  });
}

}  // namespace beckon::localbus
