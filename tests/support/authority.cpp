#include "tests/support/authority.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <random>
#include <stdexcept>

namespace beckon::test {
namespace {

void check(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a certificate");
}

std::shared_ptr<EVP_PKEY> newKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  check(extension && X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> newCertificate(const Leaf& leaf, EVP_PKEY* key) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(std::random_device{}() >> 1));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), static_cast<long>(leaf.validFrom.count()));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(leaf.validUntil.count()));
  X509_set_pubkey(certificate.get(), key);
  check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(leaf.subject.c_str()), -1, -1, 0));
  if (!leaf.altNames.empty()) extend(certificate.get(), certificate.get(), NID_subject_alt_name, leaf.altNames);
  if (!leaf.usage.empty()) extend(certificate.get(), certificate.get(), NID_ext_key_usage, leaf.usage);
  return certificate;
}

void writeWith(const std::filesystem::path& file, auto body) {
  const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(file.c_str(), "w"), &std::fclose);
  check(out && body(out.get()));
}

// Without an issuer: by itself.
void sign(const Leaf& leaf, X509* issuer, EVP_PKEY* issuerKey, const std::filesystem::path& certificateFile,
          const std::filesystem::path& keyFile) {
  const std::shared_ptr<EVP_PKEY> key =
      leaf.rsaBits ? std::shared_ptr<EVP_PKEY>(EVP_RSA_gen(leaf.rsaBits), EVP_PKEY_free) : newKey();
  const auto certificate = newCertificate(leaf, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer ? issuer : certificate.get()));
  check(X509_sign(certificate.get(), issuerKey ? issuerKey : key.get(), EVP_sha256()) > 0);
  writeWith(certificateFile, [&](FILE* out) { return PEM_write_X509(out, certificate.get()); });
  writeWith(keyFile,
            [&](FILE* out) { return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  std::filesystem::permissions(keyFile, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace

Authority::Authority(const std::string& name, const Authority* parent) : key_(newKey()) {
  certificate_ = newCertificate({name}, key_.get());
  auto* const own = certificate_.get();
  X509_set_issuer_name(own, X509_get_subject_name(parent ? parent->certificate_.get() : own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  extend(own, own, NID_key_usage, "critical,keyCertSign");
  extend(own, own, NID_subject_key_identifier, "hash");
  check(X509_sign(own, parent ? parent->key_.get() : key_.get(), EVP_sha256()) > 0);
}

Authority::~Authority() = default;

void Authority::writeCertificate(const std::filesystem::path& file) const {
  writeWith(file, [&](FILE* out) { return PEM_write_X509(out, certificate_.get()); });
}

void Authority::issue(const std::string& domain, const std::filesystem::path& certificateFile,
                      const std::filesystem::path& keyFile, std::chrono::seconds validFor) const {
  Leaf leaf{domain, "DNS:" + domain};
  leaf.validUntil = validFor;
  issue(leaf, certificateFile, keyFile);
}

void Authority::issue(const Leaf& leaf, const std::filesystem::path& certificateFile,
                      const std::filesystem::path& keyFile) const {
  sign(leaf, certificate_.get(), key_.get(), certificateFile, keyFile);
}

void Authority::signItself(const Leaf& leaf, const std::filesystem::path& certificateFile,
                           const std::filesystem::path& keyFile) {
  sign(leaf, nullptr, nullptr, certificateFile, keyFile);
}

}  // namespace beckon::test
