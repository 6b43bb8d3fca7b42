#include "localbus/tls_self_signed.hpp"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <new>

namespace beckon::localbus {

using run::Code;
using run::Error;
using Path = std::filesystem::path;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// RFC 5280 section 4.1.2.5: of no well-defined end. The beginning is before any clock that stands at 1970.
constexpr const char* beginning = "19700101000000Z";
constexpr const char* never = "99991231235959Z";

Certificate signedBy(EVP_PKEY& key) {
  Certificate made(X509_new(), &X509_free);
  if (!made) throw std::bad_alloc();
  X509_set_version(made.get(), X509_VERSION_3);
  unsigned char serial[16];
  RAND_bytes(serial, sizeof serial);
  serial[0] &= 0x7F;
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_bin2bn(serial, sizeof serial, nullptr), &BN_free);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
  ASN1_TIME_set_string_X509(X509_getm_notBefore(made.get()), beginning);
  ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), never);
  X509_set_pubkey(made.get(), &key);
  const auto* const name = reinterpret_cast<const unsigned char*>("beckond");
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  if (X509_sign(made.get(), &key, EVP_sha256()) == 0) throw std::bad_alloc();
  return made;
}

// Whole or not at all: it gets its name when it is complete.
template <class Write>
run::Result<> writeFile(const Path& file, mode_t mode, const Write& write) {
  const auto draft = file.string() + ".new";
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  std::FILE* const stream = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
  const bool isWritten = stream && ::fchmod(descriptor, mode) == 0 && write(stream) == 1;
  const bool isClosed = stream && std::fclose(stream) == 0;
  if (isWritten && isClosed && std::rename(draft.c_str(), file.c_str()) == 0) return {};
  return Error{Code::invalidConfig, "cannot write " + file.string() + ": " + std::strerror(errno),
               "check the owner and the space of its folder"};
}

}  // namespace

run::Result<> makeSelfSigned(const TlsKeyPair& files) {
  if (std::filesystem::exists(files.key) && std::filesystem::exists(files.certificate)) return {};
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  if (!key) throw std::bad_alloc();
  const auto certificate = signedBy(*key);
  // The key last: without it, both are made again.
  const auto writeCertificate = [&](std::FILE* to) { return PEM_write_X509(to, certificate.get()); };
  const auto writeKey = [&](std::FILE* to) {
    return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  };
  if (auto done = writeFile(files.certificate, 0644, writeCertificate); !done) return done;
  return writeFile(files.key, 0600, writeKey);
}

}  // namespace beckon::localbus
