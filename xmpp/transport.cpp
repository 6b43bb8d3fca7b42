#include "xmpp/transport.hpp"

#include "xmpp/tcp.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace beckon::xmpp {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr auto completion = asio::as_tuple(asio::use_awaitable);
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
  if (problem == X509_V_ERR_HOSTNAME_MISMATCH)
    nextStep = "let the server have a certificate for " + domain + ", or correct the domain of the account";
  else if (problem == X509_V_ERR_CERT_HAS_EXPIRED || problem == X509_V_ERR_CERT_NOT_YET_VALID)
    nextStep = "renew the server's certificate, and check this machine's clock";
  return {Code::badCertificate, "the certificate of the server of " + domain + " is not valid: " + said, nextStep};
}

// The protocol's name for direct TLS (XEP-0368 section 3), with its length in front (RFC 7301).
constexpr std::array<unsigned char, 12> alpn{11, 'x', 'm', 'p', 'p', '-', 'c', 'l', 'i', 'e', 'n', 't'};

}  // namespace

asio::awaitable<Result<>> Transport::connect(Route route, std::optional<Proxy> proxy) {
  tls_.reset();
  place_ = route.dial.address + " port " + std::to_string(route.dial.port);
  error_code problem;
  const tcp::endpoint endpoint(asio::ip::make_address(route.dial.address, problem), route.dial.port);
  if (!problem) socket_.open(endpoint.protocol(), problem);
  if (problem)
    co_return Error{Code::overloaded, "this computer gives no socket to " + place_ + ": " + problem.message(),
                    "raise its limits of open files, or stop what uses them up"};
  prepareTcp(socket_.native_handle());
  const auto [refused] = co_await socket_.async_connect(endpoint, completion);
  if (refused || !socket_.is_open()) {
    close();
    co_return Error{Code::unreachable, "nobody answers at " + place_ + " (" + refused.message() + ")",
                    std::string(checkPlace)};
  }
  if (route.host.empty()) co_return Result<>();
  auto passing = passProxy(route, proxy.value());
  const auto passed = co_await std::move(passing);
  if (!passed) close();
  place_ = route.host + " port " + std::to_string(route.port) + " behind the proxy " + place_;
  co_return passed;
}

asio::awaitable<Result<>> Transport::passProxy(Route route, Proxy proxy) {
  ProxyHandshake handshake(std::move(proxy), route.host, route.port);
  auto toSend = handshake.first();
  std::array<char, 1024> room{};
  while (toSend && !handshake.done()) {
    const auto [unsent, sent] = co_await asio::async_write(socket_, asio::buffer(*toSend), completion);
    const auto size = unsent ? 0 : co_await read(asio::buffer(room));
    if (size == 0)
      co_return Error{Code::unreachable, "the proxy at " + place_ + " closed the connection",
                      "check its address, and look into its log"};
    toSend = handshake.receive({room.data(), size});
  }
  if (!toSend) co_return toSend.error();
  co_return Result<>();
}

asio::awaitable<Result<>> Transport::secure(std::shared_ptr<asio::ssl::context> trust, std::string domain) {
  tls_.emplace(socket_, *trust);
  auto* const tls = tls_->native_handle();
  SSL_set_tlsext_host_name(tls, domain.c_str());
  SSL_set_alpn_protos(tls, alpn.data(), static_cast<unsigned>(alpn.size()));
  SSL_set1_host(tls, domain.c_str());
  SSL_set_verify(tls, SSL_VERIFY_PEER, nullptr);
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
