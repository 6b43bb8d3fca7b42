#pragma once

#include "localbus/tls_channel.hpp"
#include "tests/support/authority.hpp"
#include "tests/support/temporary_folder.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

// Two ends of TLS and the bytes between them, without sockets.
namespace beckon::test {

inline qi::ByteView bytesOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Certificates of a test's own.
struct TlsFiles {
  TemporaryFolder folder;
  Authority authority;

  TlsFiles() { authority.writeCertificate(path("authority.pem")); }
  std::filesystem::path path(const std::string& name) const { return folder.path() / name; }
  localbus::TlsKeyPair pair(const std::string& name) const { return {path(name + ".pem"), path(name + ".key")}; }
  localbus::TlsKeyPair issue(const Leaf& leaf, const std::string& name = "leaf") const {
    authority.issue(leaf, pair(name).certificate, pair(name).key);
    return pair(name);
  }
  std::string contentOf(const std::filesystem::path& file) const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

// One end that is ours.
struct TlsEnd {
  localbus::TlsChannel channel;
  std::string plain;  // what has come
  std::optional<run::Error> failure;

  explicit TlsEnd(const localbus::TlsContext& context, const std::string& host = {}) : channel(context, host) {}

  void feed(qi::ByteView arrived) {
    std::uint8_t room[5000];
    for (;;) {
      const auto got = channel.read(arrived, room);
      if (!got) failure = got.error();
      if (!got || *got == 0) return;
      plain.append(reinterpret_cast<const char*>(room), *got);
    }
  }
  qi::Bytes take() {
    qi::Bytes out;
    channel.takeOutgoing(out);
    return out;
  }
};

// One end that is OpenSSL with the settings of somebody else.
struct OtherTls {
  std::shared_ptr<SSL_CTX> context;
  std::shared_ptr<SSL> ssl;
  std::string plain;
  bool failed = false;

  explicit OtherTls(bool isServer, int version = 0, const localbus::TlsKeyPair* own = nullptr,
                    const char* ciphers = "ALL@SECLEVEL=0")
      : context(SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_cipher_list(context.get(), ciphers);
    SSL_CTX_set_security_level(context.get(), 0);
    if (own && (SSL_CTX_use_certificate_file(context.get(), own->certificate.c_str(), SSL_FILETYPE_PEM) != 1 ||
                SSL_CTX_use_PrivateKey_file(context.get(), own->key.c_str(), SSL_FILETYPE_PEM) != 1))
      std::abort();
    ssl.reset(SSL_new(context.get()), SSL_free);
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (isServer)
      SSL_set_accept_state(ssl.get());
    else
      SSL_set_connect_state(ssl.get());
    feed({});
  }

  void feed(qi::ByteView arrived) {
    if (!arrived.empty()) BIO_write(SSL_get_rbio(ssl.get()), arrived.data(), static_cast<int>(arrived.size()));
    char room[5000];
    int size = 0;
    while ((size = SSL_read(ssl.get(), room, sizeof room)) > 0) plain.append(room, static_cast<std::size_t>(size));
    failed = failed || SSL_get_error(ssl.get(), size) == SSL_ERROR_SSL;
  }
  qi::Bytes take() {
    qi::Bytes out(BIO_ctrl_pending(SSL_get_wbio(ssl.get())));
    if (!out.empty()) BIO_read(SSL_get_wbio(ssl.get()), out.data(), static_cast<int>(out.size()));
    return out;
  }
  void write(std::string_view text) { SSL_write(ssl.get(), text.data(), static_cast<int>(text.size())); }
};

// Carries what each end has to send to the other, in pieces, until both are silent.
template <class One, class Two>
void carry(
    One& one, Two& two, const std::function<std::size_t()>& piece = [] { return std::size_t{1} << 30; }) {
  const auto move = [&](auto& from, auto& to) {
    const qi::Bytes bytes = from.take();
    for (qi::ByteView rest = bytes; !rest.empty();) {
      const std::size_t size = std::min(rest.size(), piece());
      to.feed(rest.first(size));
      rest = rest.subspan(size);
    }
    return !bytes.empty();
  };
  for (bool moved = true; moved;) {
    moved = move(one, two);
    moved = move(two, one) || moved;
  }
}

}  // namespace beckon::test
