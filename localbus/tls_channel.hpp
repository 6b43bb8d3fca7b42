#pragma once

#include "core/qi/bytes.hpp"
#include "localbus/tls_certificate.hpp"
#include "localbus/tls_context.hpp"
#include "localbus/tls_error.hpp"

namespace beckon::localbus {

// One TLS connection without its socket: ciphertext goes in and out as bytes.
//
//   qi::ByteView arrived = ...;                          // what a socket read gave
//   for (;;) {
//     const auto got = channel.read(arrived, room);      // plaintext
//     if (!got || *got == 0) break;                      // failed; or all of `arrived` is taken in
//     use(room.first(*got));
//   }
//   channel.takeOutgoing(bytes);                         // send them, after each call of any function here
//
// Nothing that arrives is stored here but the rest of a record that is not yet whole (at most 16 KiB), which OpenSSL
// keeps. The one that dials has something to send from the start. Lives on one thread.
class TlsChannel {
 public:
  // What a peer can make TLS itself send after the handshake: answers to changes of keys and to wishes for a new
  // handshake, some 30 bytes each. Else one that asks and never reads would fill the memory. In use, keys change after
  // 2^24 records or more (RFC 8446 section 5.5), so that this is enough for 10^14 bytes.
  static constexpr std::size_t maxProvoked = 64 * 1024;

  // `host`: the name or address that was dialled, no brackets; for clients only. The certificate must be for it, so a
  // client that verifies throws std::invalid_argument without one.
  explicit TlsChannel(const TlsContext& context, const std::string& host = {});
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  // Takes ciphertext from the front of `arrived` and gives the plaintext in `room` (not empty): how many bytes. 0: all
  // of `arrived` is taken in and more has to come, or the peer has closed. Errors: badCertificate, protocolError; the
  // same again from then on. What is outgoing then tells the peer why.
  run::Result<std::size_t> read(qi::ByteView& arrived, std::span<std::uint8_t> room);

  // Encrypts all of it. Only while isEstablished() and before close(), else std::logic_error. The error is that of an
  // earlier read().
  run::Result<> write(qi::ByteView plaintext);

  // Tells the peer that nothing follows (close_notify). Nothing is left to tell before isEstablished(), and after an
  // error.
  void close();

  bool hasOutgoing() const { return !outgoing_.empty(); }
  // Appends the ciphertext that has to be sent to `to`.
  void takeOutgoing(qi::Bytes& to);

  // The handshake is done here. With TLS 1.3 a server may still refuse the certificate of a client that is: the first
  // read() tells.
  bool isEstablished() const { return peer_.isEstablished; }
  // The peer said that nothing follows.
  bool isClosedByPeer() const { return closedByPeer_; }
  // What to tell when the socket has ended: connectionLost, and whether the end is the peer's own or the stream was
  // cut, which anybody on the way can do.
  run::Error end() const;
  // SHA-256 of the public key of the peer's certificate (SubjectPublicKeyInfo, DER), 64 small hex digits. Empty until
  // isEstablished(), and if the peer has shown none.
  std::string peerKey() const;
  // That of the peer. None until isEstablished(), and if it has shown none.
  std::optional<TlsCertificate> certificate() const;
  // "TLSv1.3", for people. Empty until isEstablished().
  std::string protocol() const;

 private:
  struct Bio;

  const std::string& who() const { return peer_.name; }

  TlsPeer peer_;
  qi::ByteView arrived_;  // during read()
  qi::Bytes outgoing_;
  std::optional<run::Error> failure_;
  std::size_t provoked_ = 0;
  bool reading_ = false, closedByPeer_ = false, closed_ = false;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

}  // namespace beckon::localbus
