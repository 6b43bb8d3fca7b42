#include "localbus/tls_error.hpp"

#include "core/qi/message.hpp"
#include "localbus/tls_certificate.hpp"
#include "localbus/tls_key.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <memory>

namespace beckon::localbus {
namespace {

using run::Code;
using run::Error;

constexpr const char* checkClock = "; check the clock of this computer too";

Error rejection(X509_STORE_CTX* store, const TlsPeer& peer, bool ofServer) {
  const X509* const certificate = X509_STORE_CTX_get_current_cert(store);
  const int code = X509_STORE_CTX_get_error(store);
  const bool isOwn = X509_STORE_CTX_get_error_depth(store) == 0;
  const std::string subject = (isOwn ? "the certificate of " : "an authority of the certificate of ") + peer.name;
  // A libqi peer signs its own certificate; whether that is good enough is the user's decision.
  const std::string trustIt =
      ofServer ? "give the authority that signed it (--ca FILE, or ca_file in [bus]); for a libqi peer, give its own "
                 "certificate there or allow it unverified (--insecure)"
               : "give the client a certificate of an authority that this server knows (--client-ca FILE)";
  const auto because = [](std::string why, std::string next) {
    return Error{Code::badCertificate, std::move(why), std::move(next)};
  };
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return because(subject + " expired at " + dateText(X509_get0_notAfter(certificate)),
                     std::string("renew it") + checkClock);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return because(subject + " is not valid before " + dateText(X509_get0_notBefore(certificate)),
                     std::string("wait, or have it made again") + checkClock);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const auto names = namesIn(*certificate);
      if (names.empty())
        return because(subject + " names no host", "have it made again with " + peer.name + " in subjectAltName");
      return because(subject + " is for " + names,
                     "dial it by that name, or have the certificate made for " + peer.name);
    }
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      // beckond signs its own for its LAN door, and prints the key.
      return because(subject + " is signed by itself",
                     ofServer ? "if its key is the one that the robot's owner knows (beckond prints that of its LAN "
                                "door), give --pin SHA256:" +
                                    keyFingerprint(*certificate) + "; else " + trustIt
                              : trustIt);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // an authority of the same name with another key
      return because("the certificate of " + peer.name + " is signed by an unknown authority", trustIt);
    case X509_V_ERR_INVALID_PURPOSE:
      return because(subject + " is not meant for a " + (ofServer ? "server" : "client"),
                     std::string("have it made for ") + (ofServer ? "serverAuth" : "clientAuth"));
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return because(subject + " is too weak (" + X509_verify_cert_error_string(code) + ")",
                     "have it made again with a key of 2048 bits or more, and SHA-256");
    default:
      return because(subject + " does not verify (" + X509_verify_cert_error_string(code) + ")", "have it made again");
  }
}

// The peer said what it does not like (RFC 8446 section 6.2).
Error alerted(int alert, const TlsPeer& peer) {
  const std::string text = SSL_alert_desc_string_long(alert);
  switch (alert) {
    case SSL_AD_CERTIFICATE_REQUIRED:
      return {Code::badCertificate, peer.name + " wants a certificate and was shown none",
              "give a certificate and its key (tcpsm: --certificate FILE --key FILE)"};
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
      return {Code::badCertificate, peer.name + " refused the certificate that it was shown (" + text + ")",
              "check its dates, its names, and that the other side knows its authority"};
    case SSL_AD_PROTOCOL_VERSION:
      return {Code::protocolError, peer.name + " speaks neither TLS 1.2 nor 1.3", "update it"};
    case SSL_AD_HANDSHAKE_FAILURE:
      return {Code::protocolError, peer.name + " refused the TLS handshake",
              "it may want a certificate (tcpsm), or knows no cipher of today"};
    default:
      return {Code::protocolError, peer.name + " ended TLS (" + text + ")", "see its log"};
  }
}

// A TLS record begins with its type, 20 to 23, and the major version 3 (RFC 8446 section 5.1).
bool greetsInTls(const TlsPeer& peer) {
  return peer.greeted < 2 || (peer.greeting[0] >= 20 && peer.greeting[0] <= 23 && peer.greeting[1] == 3);
}

}  // namespace

int noteRejection(int accepted, X509_STORE_CTX* store) {
  const auto* const ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  if (!accepted && !peer->rejection) peer->rejection = rejection(store, *peer, !SSL_is_server(ssl));
  return accepted;
}

Error tlsFailure(const TlsPeer& peer) {
  if (peer.rejection) {
    ERR_clear_error();
    return *peer.rejection;
  }
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  const std::string text = lastTlsReason();
  if (std::ranges::equal(peer.greeting, qi::Header::magic))
    return {Code::protocolError, peer.name + " speaks qi without TLS", "use tcp:// with it"};
  if (!greetsInTls(peer))
    return {Code::protocolError, peer.name + " does not speak TLS", "check the port and the scheme of the address"};
  if (reason >= SSL_AD_REASON_OFFSET) return alerted(reason - SSL_AD_REASON_OFFSET, peer);
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return {Code::badCertificate, peer.name + " shows no certificate",
              "dial with a certificate and its key (tcpsm: --certificate FILE --key FILE)"};
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
      return {Code::protocolError, peer.name + " speaks neither TLS 1.2 nor 1.3", "update it"};
    case SSL_R_NO_SHARED_CIPHER:
      return {Code::protocolError, peer.name + " knows no cipher that is good enough", "update it"};
    default:
      return {Code::protocolError,
              std::string(peer.isEstablished ? "the TLS stream from " : "the TLS handshake with ") + peer.name +
                  " is broken (" + text + ")",
              "connect again; if it stays so, something between changes the bytes"};
  }
}

std::string lastTlsReason() {
  const char* const text = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return text ? text : "no reason given";
}

}  // namespace beckon::localbus
