#include "localbus/tls_channel.hpp"

#include "localbus/tls_key.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace beckon::localbus {

using run::Code;
using run::Error;

// OpenSSL's side of the channel: it reads straight from the caller's bytes and writes straight into ours.
struct TlsChannel::Bio {
  static int read(BIO* bio, char* to, std::size_t room, std::size_t* bytes) {
    auto& arrived = static_cast<TlsChannel*>(BIO_get_data(bio))->arrived_;
    BIO_clear_retry_flags(bio);
    *bytes = std::min(room, arrived.size());
    if (*bytes == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(to, arrived.data(), *bytes);
    arrived = arrived.subspan(*bytes);
    return 1;
  }
  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* bytes) {
    auto& channel = *static_cast<TlsChannel*>(BIO_get_data(bio));
    channel.outgoing_.insert(channel.outgoing_.end(), from, from + size);
    *bytes = size;
    if (channel.peer_.isEstablished && channel.reading_) channel.provoked_ += size;
    if (channel.provoked_ > maxProvoked) channel.arrived_ = {};  // ends the read
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made = [] {
      BIO_METHOD* const one = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "beckon bytes");
      if (!one) throw std::bad_alloc();
      BIO_meth_set_read_ex(one, &read);
      BIO_meth_set_write_ex(one, &write);
      BIO_meth_set_ctrl(one, &control);
      BIO_meth_set_create(one, &create);
      return std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)>(one, &BIO_meth_free);
    }();
    return made.get();
  }
};

// What outgoing_ keeps between two calls: some small messages. A connection of the bus is idle most of the time.
static constexpr std::size_t keptOutgoing = 1024;

// The certificate must be for `host`, which is told to servers of many names (RFC 6066: a name only, no final dot).
static bool expectHost(SSL* ssl, const std::string& host, bool verifies) {
  const std::string address = host.substr(0, host.find('%'));  // a zone means something on this computer only
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, address.c_str()) == 1) return true;
  const std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  // The names are in subjectAltName; a subject is not one (RFC 9525 section 2).
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool isChecked = SSL_set1_host(ssl, name.c_str()) == 1;
  const bool isTold = SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
  return isTold && (isChecked || !verifies);
}

TlsChannel::TlsChannel(const TlsContext& context, const std::string& host)
    : peer_{context.isServer() ? "the client"
            : host.empty()     ? "the server"
                               : host,
            {},
            {}},
      ssl_(SSL_new(context.handle()), &SSL_free) {
  if (!context.isServer() && context.verifies() && host.empty())
    throw std::invalid_argument("a certificate can only be verified for a host");
  BIO* const bio = BIO_new(Bio::method());
  if (!ssl_ || !bio) throw std::bad_alloc();
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), &peer_);
  if (context.isServer()) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  ERR_clear_error();
  if (!host.empty() && !expectHost(ssl_.get(), host, context.verifies())) {
    failure_ = Error{Code::invalidArgument, "\"" + host + "\" cannot be the name of a host", "check the address"};
    ERR_clear_error();
    return;
  }
  SSL_do_handshake(ssl_.get());
}

TlsChannel::~TlsChannel() = default;

run::Result<std::size_t> TlsChannel::read(qi::ByteView& arrived, std::span<std::uint8_t> room) {
  if (failure_) return *failure_;
  for (std::size_t i = 0; peer_.greeted < peer_.greeting.size() && i < arrived.size(); ++i)
    peer_.greeting[peer_.greeted++] = arrived[i];
  arrived_ = arrived;
  reading_ = true;
  std::size_t bytes = 0;
  ERR_clear_error();
  const int done = SSL_read_ex(ssl_.get(), room.data(), room.size(), &bytes);
  reading_ = false;
  arrived = std::exchange(arrived_, {});
  if (SSL_is_init_finished(ssl_.get())) peer_.isEstablished = true;
  if (provoked_ > maxProvoked) {
    failure_ = Error{Code::protocolError, who() + " asks for new keys without end", "update it"};
    return *failure_;
  }
  if (done) return bytes;
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
      return 0;
    case SSL_ERROR_ZERO_RETURN:
      closedByPeer_ = true;
      arrived = {};
      return 0;
    default:
      failure_ = tlsFailure(peer_);
      return *failure_;
  }
}

run::Result<> TlsChannel::write(qi::ByteView plaintext) {
  if (failure_) return *failure_;
  if (!peer_.isEstablished || closed_)
    throw std::logic_error("nothing can be written to a TLS channel that is not open");
  if (plaintext.empty()) return {};
  std::size_t bytes = 0;
  ERR_clear_error();
  // Whole or not at all: what is outgoing always finds room.
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &bytes) == 1) return {};
  failure_ = tlsFailure(peer_);
  return *failure_;
}

void TlsChannel::close() {
  if (failure_ || closed_ || !peer_.isEstablished) return;
  closed_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void TlsChannel::takeOutgoing(qi::Bytes& to) {
  if (to.empty())
    to.swap(outgoing_);
  else
    to.insert(to.end(), outgoing_.begin(), outgoing_.end());
  outgoing_.clear();
  if (outgoing_.capacity() > keptOutgoing) outgoing_ = qi::Bytes();  // "= {}" would keep the capacity
}

Error TlsChannel::end() const {
  if (failure_) return *failure_;
  if (closedByPeer_) return {Code::connectionLost, who() + " closed the TLS connection", "connect again"};
  if (!peer_.isEstablished)
    return {Code::connectionLost, who() + " ended the connection during the TLS handshake",
            "check that it speaks TLS: without it the address begins with tcp://"};
  return {Code::connectionLost, "the TLS connection to " + who() + " was cut: it ended without being closed",
          "connect again; what came before the cut is genuine, but more may have been on its way"};
}

std::string TlsChannel::peerKey() const {
  const X509* const certificate = peer_.isEstablished ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  return certificate ? keyFingerprint(*certificate) : std::string();
}

std::optional<TlsCertificate> TlsChannel::certificate() const {
  const X509* const shown = peer_.isEstablished ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  if (!shown) return {};
  return describe(*shown);
}

std::string TlsChannel::protocol() const { return peer_.isEstablished ? SSL_get_version(ssl_.get()) : ""; }

}  // namespace beckon::localbus
