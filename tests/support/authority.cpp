#include "tests/support/authority.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
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

std::shared_ptr<X509> newCertificate(const std::string& name, EVP_PKEY* key, std::chrono::seconds validFor) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), static_cast<long>(std::random_device{}() >> 1));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(validFor.count()));
  X509_set_pubkey(certificate.get(), key);
  check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0));
  return certificate;
}

void write(const std::filesystem::path& file, auto body) {
  const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(file.c_str(), "w"), &std::fclose);
  check(out && body(out.get()));
}

}  // namespace

Authority::Authority() : key_(newKey()) {
  certificate_ = newCertificate("Beckon test authority", key_.get(), std::chrono::hours(24));
  auto* const own = certificate_.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  extend(own, own, NID_key_usage, "critical,keyCertSign");
  extend(own, own, NID_subject_key_identifier, "hash");
  check(X509_sign(own, key_.get(), EVP_sha256()) > 0);
}

Authority::~Authority() = default;

void Authority::writeCertificate(const std::filesystem::path& file) const {
  write(file, [&](FILE* out) { return PEM_write_X509(out, certificate_.get()); });
}

void Authority::issue(const std::string& domain, const std::filesystem::path& certificateFile,
                      const std::filesystem::path& keyFile, std::chrono::seconds validFor) const {
  const auto key = newKey();
  const auto certificate = newCertificate(domain, key.get(), validFor);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  extend(certificate.get(), certificate_.get(), NID_subject_alt_name, "DNS:" + domain);
  check(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
  write(certificateFile, [&](FILE* out) { return PEM_write_X509(out, certificate.get()); });
  write(keyFile,
        [&](FILE* out) { return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

}  // namespace beckon::test
