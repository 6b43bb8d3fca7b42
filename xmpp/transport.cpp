#include "xmpp/transport.hpp"

#include "core/run/completion.hpp"
#include "xmpp/tcp.hpp"

#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <system_error>

namespace beckon::xmpp {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using run::Code;
using run::completion;
using run::Error;
using run::Result;

namespace {

constexpr std::string_view checkPlace = "check the address, that the server runs, and firewalls";

Error certificateError(const std::string& domain, ::SSL* tls, long problem) {
  std::string said = X509_verify_cert_error_string(problem);
  if (auto* const certificate = SSL_get1_peer_certificate(tls)) {
    std::array<char, 256> subject{};
    X509_NAME_oneline(X509_get_subject_name(certificate), subject.data(), subject.size());
    X509_free(certificate);
    said += " (" + std::string(subject.data()) + ")";
  }
  std::string nextStep = "name the authority that issued it in the configuration (xmpp.ca_file), if you trust it";
  if (problem == X509_V_ERR_HOSTNAME_MISMATCH || problem == X509_V_ERR_IP_ADDRESS_MISMATCH)
    nextStep = "let the server have a certificate for " + domain + ", or correct the domain of the account";
  else if (problem == X509_V_ERR_CERT_HAS_EXPIRED || problem == X509_V_ERR_CERT_NOT_YET_VALID)
    nextStep = "renew the server's certificate, and check this machine's clock";
  return {Code::badCertificate, "the certificate of the server of " + domain + " is not valid: " + said, nextStep};
}

// The certificate must be for `domain`, which is told to servers of many names (RFC 6066 section 3: a name only).
bool expect(::SSL* tls, const std::string& domain) {
  SSL_set_verify(tls, SSL_VERIFY_PEER, nullptr);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), domain.c_str()) == 1) return true;
  // The names are in subjectAltName; a subject is not one (RFC 9525 section 2).
  SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host(tls, domain.c_str()) == 1 && SSL_set_tlsext_host_name(tls, domain.c_str()) == 1;
}

// The protocol's name for direct TLS (XEP-0368 section 3), with its length in front (RFC 7301).
constexpr std::array<unsigned char, 12> alpn{11, 'x', 'm', 'p', 'p', '-', 'c', 'l', 'i', 'e', 'n', 't'};

}  // namespace

asio::awaitable<Result<>> Transport::connect(Route route, std::optional<Proxy> proxy) {
  close();
  tls_.reset();
  place_ = route.dial.address + " port " + std::to_string(route.dial.port);
  if (!route.host.empty()) place_ = "the proxy " + place_;
  error_code problem;
  const tcp::endpoint endpoint(asio::ip::make_address(route.dial.address, problem), route.dial.port);
  if (!problem) socket_.open(endpoint.protocol(), problem);
  if (problem == std::errc::too_many_files_open || problem == std::errc::too_many_files_open_in_system)
    co_return Error{Code::overloaded, "this computer gives no more sockets: " + problem.message(),
                    "raise its limits of open files, or stop what uses them up"};
  if (!problem) {
    prepareTcp(socket_.native_handle());
    const auto [refused] = co_await socket_.async_connect(endpoint, completion);
    problem = refused || socket_.is_open() ? refused : asio::error::operation_aborted;
  }
  if (problem) {
    close();
    co_return Error{Code::unreachable, "nobody answers at " + place_ + " (" + problem.message() + ")",
                    std::string(checkPlace)};
  }
  if (route.host.empty()) co_return Result<>();
  auto passing = passProxy(route, proxy.value());
  const auto passed = co_await std::move(passing);
  if (!passed) close();
  place_ = route.host + " port " + std::to_string(route.port) + " behind " + place_;
  co_return passed;
}

asio::awaitable<Result<>> Transport::passProxy(Route route, Proxy proxy) {
  ProxyHandshake handshake(std::move(proxy), route.host, route.port);
  auto toSend = handshake.first();
  std::array<char, 1024> room{};
  while (toSend && !handshake.done()) {
    const auto [unsent, sent] = co_await asio::async_write(socket_, asio::buffer(*toSend), completion);
    const auto size = co_await read(asio::buffer(room));
    if (unsent || size == 0)
      co_return Error{Code::unreachable, place_ + " closed the connection", "check its address, and look into its log"};
    toSend = handshake.receive({room.data(), size});
  }
  if (!toSend) co_return toSend.error();
  co_return Result<>();
}

asio::awaitable<Result<>> Transport::secure(std::shared_ptr<asio::ssl::context> trust, std::string domain,
                                            bool direct) {
  tls_.emplace(socket_, *trust);
  auto* const tls = tls_->native_handle();
  if (!expect(tls, domain)) {
    close();
    co_return Error{Code::badCertificate, "no certificate can be for " + domain,
                    "check the domain in the account's address"};
  }
  if (direct) SSL_set_alpn_protos(tls, alpn.data(), static_cast<unsigned>(alpn.size()));
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, completion);
  if (!error && socket_.is_open()) co_return Result<>();
  const auto verified = SSL_get_verify_result(tls);
  auto why = verified == X509_V_OK
                 ? Error{Code::protocolError, "the TLS handshake with " + place_ + " failed: " + error.message(),
                         "check the port, and look into the server's log"}
                 : certificateError(domain, tls, verified);
  close();
  co_return why;
}

asio::awaitable<std::size_t> Transport::read(asio::mutable_buffer room) {
  if (tls_) {
    const auto [error, size] = co_await tls_->async_read_some(room, completion);
    co_return error ? 0 : size;
  }
  const auto [error, size] = co_await socket_.async_read_some(room, completion);
  co_return error ? 0 : size;
}

void Transport::write(asio::const_buffer bytes, std::function<void(error_code)> done) {
  auto ended = [done = std::move(done)](error_code error, std::size_t) { done(error); };
  if (tls_)
    asio::async_write(*tls_, bytes, std::move(ended));
  else
    asio::async_write(socket_, bytes, std::move(ended));
}

void Transport::close() {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace beckon::xmpp
