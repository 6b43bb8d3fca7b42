#pragma once

#include "core/qi/frame_parser.hpp"
#include "core/qi/limits.hpp"
#include "core/run/log.hpp"
#include "core/run/unique_function.hpp"
#include "localbus/event_queue.hpp"
#include "localbus/handshake.hpp"
#include "localbus/payload.hpp"
#include "localbus/quota.hpp"
#include "localbus/tls_channel.hpp"
#include "localbus/witness.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace beckon::localbus {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;  // TCP or unix
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Duration = std::chrono::steady_clock::duration;

class BoundObject;
class Connection;
class ObjectTable;
class PoolBuffer;
struct ConnectionPool;

// Who answers calls that come in on a connection.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // A Call or Post of an authenticated peer. The payload is valid until the return.
  virtual void received(const std::shared_ptr<Connection>& from, const qi::Message& message) = 0;
  virtual void closed(const Connection& connection) = 0;
  // What answers under that number, until it is removed; null: nothing.
  virtual const BoundObject* hosted(std::uint32_t /*service*/, std::uint32_t /*object*/) const { return nullptr; }
};

// How the answer to a call is given to its handler where it comes in shared memory: as a copy, or as it stands there
// for decoders that can deal with that (qi::isReadInPlace).
enum class Reading { copied, inPlace };

// The answer to a call as it stands in the connection's buffer.
struct Answer {
  std::uint8_t flags;
  qi::ByteView payload;  // valid until the handler returns
  qi::ObjectFormat format;
};
inline constexpr std::uint32_t noCall = 0;  // the number of a call that was refused
using AnswerHandler = run::UniqueFunction<void(run::Result<Answer>)>;

// One qi connection over TCP, TLS or a unix socket, from either side. Both may call the other on it (if both want
// ClientServerSocket). It lives on one executor: every function is called there and every handler runs there.
// What is sent during one turn of the loop leaves in one system call; a large payload leaves at once, as far as the
// socket takes it.
//
// While more than `maxQueued` bytes wait to be sent, calls are refused as `overloaded`; while that many bytes of
// answers wait, no further call is read. Events wait for their turn once `eventRoom` bytes do, as their signal's class
// says, and what is dropped is counted. So a peer that does not read costs little more memory than that. A TCP peer
// that is gone without a word is noticed within 4 s (heartbeat.hpp).
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // From connecting or accepting to an authenticated connection (DESIGN: limits that the outside meets).
  static constexpr Duration authenticationTime = std::chrono::seconds(5);
  static constexpr std::size_t maxQueued = 16 * 1024 * 1024;
  // More than a burst of small events takes; above it each waits by itself, which costs more.
  static constexpr std::size_t eventRoom = 1024 * 1024;
  // What the buffers for sending keep between two turns of the loop.
  static constexpr std::size_t keptBuffer = 256 * 1024;
  // From here on, copying a payload costs more than a system call of its own.
  static constexpr std::size_t largePayload = 64 * 1024;
  // How late a deadline may be noticed.
  static constexpr Duration deadlineStep = std::chrono::milliseconds(50);

  // Authenticated, or why not. Called once.
  using ReadyHandler = run::UniqueFunction<void(run::Result<>)>;

  // `receiver` must outlive the connection or be replaced by setReceiver(nullptr).
  // `capabilities`: what is told to the peer. `tls`: what is spoken on the socket is TLS; null: qi itself.
  static std::shared_ptr<Connection> accepted(Socket socket, Authenticator authenticator, Receiver* receiver,
                                              run::Log log, qi::CapabilityMap capabilities = qi::ownCapabilities(),
                                              std::unique_ptr<TlsChannel> tls = nullptr);
  static std::shared_ptr<Connection> connected(Socket socket, qi::CapabilityMap credentials, CredentialSource more,
                                               Receiver* receiver, run::Log log,
                                               qi::CapabilityMap capabilities = qi::ownCapabilities(),
                                               std::unique_ptr<TlsChannel> tls = nullptr);
  // Two ends of one in this process, without a socket; both are ready.
  static std::pair<std::shared_ptr<Connection>, std::shared_ptr<Connection>> pair(Executor executor, Receiver* one,
                                                                                  Receiver* other, run::Log log);
  ~Connection();

  // `limit` is for the time until it is authenticated.
  void start(ReadyHandler ready, Duration limit = authenticationTime);
  // Ends the connection: tells the receiver, fails the calls in flight with `reason`, then tells onClosed.
  // Harmless when closed already.
  void close(run::Error reason);
  bool isOpen() const { return state_ != State::closed; }
  bool isReady() const { return state_ == State::ready; }
  void onClosed(std::function<void(const run::Error&)> handler);
  void setReceiver(Receiver* receiver) { receiver_ = receiver; }

  // The handler is called exactly once and never before call() returns. Errors: callFailed with the peer's
  // text, canceled, timedOut, connectionLost, overloaded, tooLarge. Returns the number of the call for cancel(). A call
  // whose deadline passes is canceled.
  std::uint32_t call(qi::Address address, const Payload& arguments, Duration timeout, AnswerHandler handler,
                     std::uint8_t flags = 0, Reading reading = Reading::copied);
  // Asks the peer to cancel a call, which then ends as the peer decides: canceled, or with its answer. False if nothing
  // was sent: the call has ended, or the peer cannot cancel.
  bool cancel(std::uint32_t call);
  // Ends every call in flight to objects of that service, which is gone.
  void abandon(std::uint32_t service, const run::Error& reason);
  void post(qi::Address address, const Payload& arguments, std::uint8_t flags = 0);
  // Calls and posts that `which` picks never reach anybody, as far as they have not begun to leave (with TLS: are not
  // encrypted yet); the calls end as canceled. In their place leaves what no peer acts upon: a post to a service that
  // there is not.
  void takeBack(const std::function<bool(const qi::Message&)>& which);
  // False, and counted, if an event would be dropped because the peer does not read. Asked before an event with objects
  // is written: a dropped one would leave them without anybody to terminate them.
  bool takesEvents();
  // An event without objects. Counted: how many were dropped by it because the peer does not read.
  std::size_t queueEvent(qi::Address address, qi::ByteView arguments, std::uint8_t flags, SignalClass kind);
  // At once. False, and counted, if the event was dropped because the peer does not read.
  bool sendEvent(qi::Address address, const Payload& arguments, std::uint8_t flags = 0);
  // An answer above limits::maxPayload becomes an error: the peer would close the connection over it.
  void answer(std::uint32_t id, qi::Address address, qi::MessageType type, const Payload& payload,
              std::uint8_t flags = 0);
  // Memory for a raw that is to be sent on this connection; a large one, over a unix socket to a peer of ours, reaches
  // the peer without a copy: as the last argument of a typed call, as a result, or with Payload. Never fails: what
  // finds no room in the pool is memory of this process, and copied.
  PoolBuffer takeBuffer(std::size_t size);
  // Bytes of shared memory that this end has for what it sends.
  std::size_t poolSize() const;

  // Told of every answer from now on, and asked before anything leaves; null: nobody is. It outlives the connection, or
  // is taken back.
  void setWitness(Witness* witness) { witness_ = witness; }
  // What the witness held back may leave.
  void resume() { scheduleFlush(); }

  // Called once if the peer cancels the call `id` of its own, or is gone. An empty handler ends the wait.
  void onCancel(std::uint32_t id, run::UniqueFunction<void()> handler);

  // For calls without a message, where the other end is in this process (docs/design/015). What answers there.
  const BoundObject* hosted(std::uint32_t service, std::uint32_t object) const;
  // A caller that only calls gives the loop a turn this often; a turn costs what some ten such calls do.
  static constexpr std::uint32_t callsInARow = 256;
  // The same if it may be called now: what this end has sent has been handled, so that nothing is overtaken.
  const BoundObject* straightTo(std::uint32_t service, std::uint32_t object);
  // Whether what the other end has sent has been handled here. `handler` is called as soon as that is so of what was
  // sent until now.
  bool hasHandledAll() const;
  void whenHandledAll(AnswerHandler handler);
  // How the other end, in this process, calls this one.
  std::uint64_t partnerId() const { return partnerId_; }

  // Events of one object, given to one listener; nullptr ends it.
  using EventHandler = std::function<void(const qi::Message&)>;
  void listen(std::uint32_t service, std::uint32_t object, EventHandler handler);
  // A number for a registration that no other on this connection has.
  std::uint32_t newLink() { return ++lastLink_; }

  const qi::Capabilities& capabilities() const { return capabilities_; }
  // How values are written in a message of `service`: its arguments, or results and events of ours; and how any
  // message is read. Valid while the connection lives.
  qi::ObjectFormat format(std::uint32_t service, bool isArgument = false) const;
  ObjectTable& objects() { return *objects_; }
  // What the peer may subscribe to.
  Quota& subscriptions() { return subscriptions_; }
  // What keeps `bytes`, part of the message that is being handled, where they are; null where nothing does.
  std::shared_ptr<const void> keep(qi::ByteView bytes) const;
  std::uint64_t id() const { return id_; }  // of this process, never reused
  // For people: an address and port, or a process.
  std::string peer() const { return peer_; }
  // The address of our own end, without port or brackets; empty where it is none of the network.
  std::string localAddress() const;
  // SHA-256 of the public key (SubjectPublicKeyInfo, DER) whose possession the peer has proved by TLS, 64 small hex
  // digits; empty if it has shown none.
  std::string peerKey() const { return tls_ ? tls_->peerKey() : std::string(); }
  // For whom a gateway at the other end calls; null: for nobody else.
  const std::shared_ptr<const std::string>& principal() const { return principal_; }
  // Who decides about the peer's credentials, before start().
  void setAuthenticator(Authenticator authenticator) { server_->setAuthenticator(std::move(authenticator)); }
  std::uint64_t droppedEvents() const { return droppedEvents_; }
  // Bytes that wait to be sent.
  std::size_t queued() const { return queue_.size() + sending_.size() - sent_; }
  Executor executor() { return socket_.get_executor(); }
  const run::Log& log() const { return log_; }

 private:
  enum class State { fresh, authenticating, ready, closed };
  struct Pending {
    AnswerHandler handler;
    qi::Address address;
    std::chrono::steady_clock::time_point deadline;
    Reading reading;
  };

  Connection(Socket socket, Receiver* receiver, run::Log log, qi::CapabilityMap capabilities,
             std::unique_ptr<TlsChannel> tls);
  void read();
  void readPlain();
  void readTls();
  void refill();
  void onRead(const boost::system::error_code& problem, std::size_t bytes);
  void handleArrived();
  void handle(const qi::Message& message);
  void handleCall(const qi::Message& message);
  void handleCancel(const qi::Message& message);
  void handleAnswer(const qi::Message& message);
  bool takesCalls() const;
  // The handlers of the calls in flight that `which` (their number, the call) picks; they are no longer in flight.
  template <class Predicate>
  std::vector<AnswerHandler> takePending(const Predicate& which);
  bool handshake(const qi::Message& message);
  void becomeReady();
  void put(const Outgoing& message);
  void put(qi::Header header, const Payload& payload);
  void append(qi::Header header, const Payload& payload);
  void enqueue(qi::ByteView bytes);
  std::size_t writeAhead(qi::ByteView header, const Payload& payload);
  std::size_t answersQueued() const { return answersInQueue_ + answersInSending_; }
  void dropped(std::size_t events);
  void sendWaitingEvents();
  bool mayLeave() const { return !witness_ || witness_->mayLeave(); }
  void scheduleFlush();
  void flush();
  void flushToPartner();
  void watchDeadlines();
  void watchPeer();
  // connection_pool.cpp
  void settlePool();
  std::size_t writeSome(qi::ByteView bytes, boost::system::error_code& problem);
  void readPool();
  bool putPooled(qi::Header header, const Payload& payload);
  void putNotices();
  void handlePooled(const qi::Message& message);
  bool readsInPlace(const qi::Header& header) const;

  Socket socket_;
  Timer authenticationTimer_;
  Timer deadlineTimer_;
  Timer peerTimer_;
  Receiver* receiver_;
  Witness* witness_ = nullptr;
  run::Log log_;
  const std::uint64_t id_;
  std::string peer_;
  std::shared_ptr<const std::string> principal_;
  State state_ = State::fresh;
  bool closesAfterFlush_ = false;
  run::Error refusal_;

  qi::Capabilities capabilities_;
  Connection* partner_ = nullptr;  // the other end, if it is in this process and has not gone
  std::uint64_t partnerId_ = 0;
  bool isLocal_ = false;
  std::size_t arriving_ = 0;  // bytes of the partner's that follow those in the parser
  std::uint32_t straightCalls_ = 0;
  std::optional<ServerHandshake> server_;
  std::optional<ClientHandshake> client_;
  ReadyHandler ready_;
  std::function<void(const run::Error&)> onClosed_;

  qi::FrameParser parser_;
  bool reading_ = false, handling_ = false;
  bool paused_ = false;           // whole messages have arrived that wait until answers have left
  qi::Bytes queue_;               // waits for the next system call: whole messages, but for
  std::size_t begun_ = 0;         // so many bytes in front, the rest of one that has begun to leave
  qi::Bytes sending_;             // handed over in part; without TLS messages, too, behind
  std::size_t sendingBegun_ = 0;  // so many bytes
  std::size_t sent_ = 0;          // of sending_
  std::size_t answersInQueue_ = 0, answersInSending_ = 0;  // bytes of answers among them
  bool flushScheduled_ = false, waitingToWrite_ = false;

  std::uint32_t lastMessageId_ = 0, lastLink_ = 0;
  std::unordered_map<std::uint32_t, Pending> pending_;
  std::unordered_map<std::uint32_t, run::UniqueFunction<void()>> cancels_;  // by the peer's call
  std::size_t unanswered_ = 0;                                              // calls of the peer
  Quota subscriptions_{qi::limits::maxSubscriptions};
  std::unique_ptr<ObjectTable> objects_;
  std::unique_ptr<TlsChannel> tls_;
  std::unique_ptr<ConnectionPool> pool_;  // null where the peer has none
  bool deadlinesWatched_ = false, peerWatched_ = false;
  std::unordered_map<std::uint64_t, EventHandler> listeners_;
  std::unique_ptr<EventQueue> events_;  // that wait; once there was one
  std::uint64_t droppedEvents_ = 0;
  bool isDropping_ = false;
};

}  // namespace beckon::localbus
