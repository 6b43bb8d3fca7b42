#include "localbus/tls_certificate.hpp"

#include "localbus/tls_key.hpp"

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace beckon::localbus {
namespace {

// Only what can stand in a line of log or terminal: the peer wrote it.
std::string printable(const ASN1_STRING* text) {
  std::string out(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                  static_cast<std::size_t>(ASN1_STRING_length(text)));
  std::ranges::replace_if(
      out, [](unsigned char byte) { return byte < 0x21 || byte > 0x7e; }, '?');
  return out;
}

std::string addressText(const ASN1_OCTET_STRING* address) {
  const unsigned char* const bytes = ASN1_STRING_get0_data(address);
  const int size = ASN1_STRING_length(address);
  std::string out;
  char part[8];
  for (int i = 0; i < size; i += size == 4 ? 1 : 2) {
    if (size == 4)
      std::snprintf(part, sizeof part, "%s%d", i ? "." : "", bytes[i]);
    else
      std::snprintf(part, sizeof part, "%s%x", i ? ":" : "", bytes[i] << 8 | (i + 1 < size ? bytes[i + 1] : 0));
    out += part;
  }
  return out;
}

}  // namespace

std::string dateText(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), &BIO_free);
  char* data = nullptr;
  if (!text || ASN1_TIME_print_ex(text.get(), time, ASN1_DTFLGS_ISO8601) != 1) return "an unknown time";
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string namesIn(const X509& certificate) {
  constexpr std::size_t most = 5;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::string out;
  std::size_t count = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    if (++count > most) return out + " and others";
    out += (out.empty() ? "" : ", ") +
           (name->type == GEN_DNS ? printable(name->d.dNSName).substr(0, 255) : addressText(name->d.iPAddress));
  }
  return out;
}

TlsCertificate describe(const X509& certificate) {
  // The one of OpenSSL's functions that fills in what it has read of the certificate takes it as not const.
  auto* const read = const_cast<X509*>(&certificate);
  return {namesIn(certificate), dateText(X509_get0_notBefore(&certificate)), dateText(X509_get0_notAfter(&certificate)),
          keyFingerprint(certificate), (X509_get_extension_flags(read) & EXFLAG_SS) != 0};
}

}  // namespace beckon::localbus
