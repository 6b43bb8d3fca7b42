#include "tests/strophe/strophe_session.hpp"

#include "core/qi/json_text.hpp"
#include "tests/strophe/strophe_element.hpp"
#include "xmpp/tcp.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace beckon::xmpp {
namespace {

using namespace std::chrono_literals;

// libstrophe reads at most 4096 bytes a turn, and select() does not see what TLS has read already: of a record, which
// holds at most 16384 bytes (RFC 8446 section 5.1), nothing is left after this many turns without new bytes.
constexpr int turnsOfARecord = 4;
// New bytes can slip in during the last of these turns. So the wait after something happened ends once by itself.
constexpr int settleMs = 2;
// What is given to libstrophe at once. poll() says writable when a third of the socket's buffer is free, and the
// smallest buffer is well above three times this: libstrophe is never left with half a stanza, which it would not tell.
constexpr std::size_t largestPiece = 8192;
constexpr auto farewell = 300ms;  // for the queue and the closing tags of a polite end

// libstrophe gives no user data to its socket and certificate callbacks. They run on the session's thread.
thread_local StropheSession* current = nullptr;

void prepareLibrary() {
  // libstrophe keeps the allocator of the first context it sees, without a lock, for XML parsers of that context. A
  // context that is made before all others and never freed keeps this harmless with several threads.
  static xmpp_ctx_t* const kept = [] {
    xmpp_initialize();
    auto* const first = xmpp_ctx_new(nullptr, nullptr);
    xmpp_conn_release(xmpp_conn_new(first));
    return first;
  }();
  static_cast<void>(kept);
}

std::string freshNonce() {
  std::array<unsigned char, 24> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return qi::toBase64(bytes);
}

std::string place(const Endpoint& endpoint) { return endpoint.address + " port " + std::to_string(endpoint.port); }

run::Error certificateError(const std::string& domain, const std::string& problem) {
  const auto has = [&](std::string_view word) { return problem.find(word) != std::string::npos; };
  std::string nextStep = "name the authority that issued it in the configuration (xmpp.ca_file), if you trust it";
  if (has("mismatch"))
    nextStep = "let the server have a certificate for " + domain + ", or correct the domain of the account";
  else if (has("expired") || has("not yet valid"))
    nextStep = "renew the server's certificate, and check this machine's clock";
  return {run::Code::badCertificate, "the certificate of the server of " + domain + " is not valid: " + problem,
          nextStep};
}

}  // namespace

StropheSession::StropheSession(ClientStreamConfig config, Callbacks callbacks, run::Log log)
    : config_(std::move(config)),
      callbacks_(std::move(callbacks)),
      log_(std::move(log)),
      strophesLog_{&StropheSession::logged, this} {}

StropheSession::~StropheSession() { OPENSSL_cleanse(config_.password.data(), config_.password.size()); }

void StropheSession::run() {
  current = this;
  prepareLibrary();
  callbacks_.stage("the address of the server", "check this machine's network and name server");
  const auto routes = config_.resolver({config_.account.domain(), config_.host, config_.port});
  if (!handover_.leaveNames()) return;
  if (!routes) end(routes.error());
  if (!config_.caFile.empty() && access(config_.caFile.c_str(), R_OK) != 0)
    end({run::Code::invalidConfig,
         "the file of authorities " + config_.caFile + " cannot be read: " + std::strerror(errno),
         "correct xmpp.ca_file in the configuration"});
  for (std::size_t i = 0; !end_; ++i) {
    attempt((*routes)[i].dial);
    if (!connected_ && i + 1 < routes->size() && !handover_.aborted() && !handover_.finishing()) end_.reset();
  }
  callbacks_.ended(*end_);
}

void StropheSession::attempt(const Endpoint& endpoint) {
  endpoint_ = endpoint;
  connectError_ = 0;
  callbacks_.stage("a connection to " + place(endpoint), "check the address, that the server runs, and firewalls");
  context_ = xmpp_ctx_new(nullptr, &strophesLog_);
  connection_ = xmpp_conn_new(context_);
  // Resumption would need state that outlives the attempt, and libstrophe 0.12 resends stale stanzas with it.
  xmpp_conn_set_flags(connection_, XMPP_CONN_FLAG_MANDATORY_TLS | XMPP_CONN_FLAG_DISABLE_SM);
  xmpp_conn_set_jid(connection_, config_.account.text().c_str());
  if (!config_.caFile.empty()) xmpp_conn_set_cafile(connection_, config_.caFile.c_str());
  xmpp_conn_set_certfail_handler(connection_, [](const xmpp_tlscert_t* certificate, const char* const problem) {
    const char* subject = xmpp_tlscert_get_string(certificate, XMPP_CERT_SUBJECT);
    current->certificateProblem_ = std::string(problem) + (subject ? std::string(" (") + subject + ")" : "");
    return 0;  // never connect all the same
  });
  xmpp_conn_set_sockopt_callback(
      connection_, [](xmpp_conn_t*, void* socket) { return current->adopt(*static_cast<int*>(socket)) ? 0 : -1; });
  xmpp_handler_add(
      connection_,
      [](xmpp_conn_t*, xmpp_stanza_t* stanza, void* self) {
        static_cast<StropheSession*>(self)->stanzaEvent(stanza);
        return 1;
      },
      nullptr, nullptr, nullptr, this);
  // "Raw": libstrophe opens the connection, does TLS and XML; each step in between is ours (negotiation.hpp).
  negotiation_.emplace(
      Negotiation::Settings{config_.account, config_.resource, config_.password, config_.weakest, freshNonce()});
  const int started = xmpp_connect_raw(
      connection_, endpoint.address.c_str(), endpoint.port,
      [](xmpp_conn_t*, xmpp_conn_event_t event, int, xmpp_stream_error_t*, void* self) {
        static_cast<StropheSession*>(self)->connectionEvent(event);
      },
      this);
  if (started == XMPP_EOK)
    converse();
  else if (!usable_)
    end({run::Code::overloaded,
         "this process has too many open files: libstrophe needs a descriptor below " + std::to_string(FD_SETSIZE),
         "use fewer connections in one process"});
  else
    end({run::Code::unreachable, "no connection to " + place(endpoint) + " can be made",
         "check this machine's network"});
  handover_.shutDown();  // so that libstrophe does not wait for the other side of TLS
  xmpp_conn_release(connection_);
  xmpp_ctx_free(context_);
  connection_ = nullptr;
  context_ = nullptr;
  handover_.release();
}

// The loop: libstrophe's own waits in select() for its socket alone, so waiting is done here, for our eventfd, too.
void StropheSession::converse() {
  while (!end_) {
    exchange();
    takeLeave();
    if (!end_) wait();
  }
}

void StropheSession::exchange() {
  for (int idle = 0; idle < turnsOfARecord && !end_ && !handover_.crowded();) {
    const short ready = handover_.readiness(POLLIN | POLLOUT, 0);
    if (!connected_ && ready) noteConnectError();
    const bool active = ((ready & POLLOUT) && feed()) || (ready & (POLLIN | POLLHUP | POLLERR));
    xmpp_run_once(context_, 0);
    idle = active ? 0 : idle + 1;
    settled_ = settled_ && !active;
  }
}

bool StropheSession::feed() {
  std::size_t room = largestPiece;
  while (online_ && room > 0) {
    const auto piece = handover_.take(room, largestPiece);
    if (!piece) break;
    xmpp_send_raw(connection_, piece->data(), piece->size());
    room -= piece->size();
  }
  return room < largestPiece;
}

void StropheSession::takeLeave() {
  if (handover_.aborted()) return end({run::Code::connectionLost, "given up", ""});
  if (!handover_.finishing() || end_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!leaveBy_) leaveBy_ = now + farewell;
  if (!online_ || now >= *leaveBy_) return end({run::Code::connectionLost, "stopped", ""});
  if (!farewellSaid_ && !handover_.hasQueued()) {
    farewellSaid_ = true;
    xmpp_disconnect(connection_);  // </stream:stream>; the server answers the same and closes
    exchange();
  }
}

void StropheSession::wait() {
  if (handover_.crowded()) {
    handover_.readiness(0, leaveBy_ ? static_cast<int>(farewell.count()) : -1);
    return;
  }
  // Not writable: something may be left in libstrophe's hands.
  bool writing = !connected_ || xmpp_conn_send_queue_len(connection_) > 0 || handover_.readiness(POLLOUT, 0) == 0;
  writing = writing || (online_ && handover_.hasQueued());
  int timeout = -1;
  if (!connected_) timeout = 1000;  // libstrophe looks at its limit for a connection (5 s) only when it is asked
  if (leaveBy_) timeout = static_cast<int>(farewell.count());
  if (!settled_) timeout = settleMs;
  settled_ = true;
  handover_.readiness(static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), timeout);
}

// libstrophe says only that there is no connection, not why.
void StropheSession::noteConnectError() {
  socklen_t size = sizeof(connectError_);
  if (connectError_ == 0) getsockopt(handover_.socket(), SOL_SOCKET, SO_ERROR, &connectError_, &size);
}

void StropheSession::connectionEvent(xmpp_conn_event_t event) {
  switch (event) {
    case XMPP_CONN_RAW_CONNECT:
      connected_ = true;
      say(Negotiation::Stage::opening);
      xmpp_conn_open_stream_default(connection_);
      break;
    case XMPP_CONN_CONNECT:  // the server's stream header
      if (!end_) step(negotiation_->opened(xmpp_conn_is_secured(connection_) != 0));
      break;
    default:
      if (!connected_)
        end({run::Code::unreachable,
             "nobody answers at " + place(endpoint_) + " (" + std::strerror(connectError_ ? connectError_ : ETIMEDOUT) +
                 ")",
             "check the address, that the server runs, and firewalls"});
      else if (!online_)
        end({run::Code::unreachable,
             "the server at " + place(endpoint_) + " closed the connection where " +
                 std::string(Negotiation::text(negotiation_->stage())) + " was due",
             "check that the port is that of an XMPP server for clients, and look into its log"});
      else
        end({run::Code::connectionLost, "the connection to the server ended", "wait until it is back"});
  }
}

void StropheSession::stanzaEvent(xmpp_stanza_t* stanza) {
  if (end_) return;
  auto element = fromStrophe(stanza);
  if (!element) {
    log_->warn("a stanza nested too deeply was dropped");
  } else if (!online_) {
    step(negotiation_->receive(*element));
  } else if (element->is("error", ns::streams)) {
    end(streamError(*element));
  } else {
    handover_.arrived();
    callbacks_.stanza(std::move(*element));
  }
}

void StropheSession::step(Negotiation::Step step) {
  // Only a step forward earns a new deadline.
  if (step.action != Negotiation::Action::wait) say(negotiation_->stage());
  switch (step.action) {
    case Negotiation::Action::wait:
      break;
    case Negotiation::Action::send: {
      const auto xml = step.element.toXml(ns::client);
      xmpp_send_raw(connection_, xml.data(), xml.size());
      break;
    }
    case Negotiation::Action::startTls:
      secure();
      break;
    case Negotiation::Action::reopen:
      xmpp_conn_open_stream_default(connection_);
      break;
    case Negotiation::Action::finish:
      online_ = true;
      callbacks_.online(negotiation_->bound());
      break;
    case Negotiation::Action::fail:
      end(std::move(step.error));
  }
}

// Blocks in the handshake for as long as the server takes; abort() ends it.
void StropheSession::secure() {
  if (xmpp_conn_tls_start(connection_) == XMPP_EOK)
    xmpp_conn_open_stream_default(connection_);
  else if (!certificateProblem_.empty())
    end(certificateError(config_.account.domain(), certificateProblem_));
  else
    end({run::Code::protocolError,
         "the TLS handshake with " + place(endpoint_) + " failed" + (complaint_.empty() ? "" : ": " + complaint_),
         "check the file of authorities, and look into the server's log"});
}

void StropheSession::say(Negotiation::Stage stage) {
  callbacks_.stage(std::string(Negotiation::text(stage)),
                   "check that the port is that of an XMPP server for clients, and look into its log");
}

void StropheSession::end(run::Error why) {
  if (!end_) end_ = std::move(why);
}

// A new socket, before it is connected.
bool StropheSession::adopt(int socket) {
  // libstrophe waits with select(), which writes beyond its sets for a descriptor from here on.
  usable_ = socket < FD_SETSIZE;
  if (!usable_) return false;
  prepareTcp(socket);
  return handover_.adopt(socket);
}

// libstrophe logs whole stanzas, passwords included, at its debug level: only complaints are taken.
void StropheSession::logged(void* self, xmpp_log_level_t level, const char* area, const char* text) {
  auto& session = *static_cast<StropheSession*>(self);
  if (level == XMPP_LEVEL_ERROR) session.complaint_ = text;
  if (level >= XMPP_LEVEL_WARN) session.log_->debug("libstrophe {}: {}", area, text);
  // After malformed XML it neither ends the stream nor tells anybody.
  if (level == XMPP_LEVEL_DEBUG && std::strncmp(text, "parse error", 11) == 0)
    session.end({run::Code::protocolError,
                 "the server at " + place(session.endpoint_) + " sent something that is not XML",
                 "check that the port is that of an XMPP server for clients"});
}

}  // namespace beckon::xmpp
