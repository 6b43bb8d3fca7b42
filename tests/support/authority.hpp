#pragma once

#include <openssl/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace beckon::test {

// A certificate that is no authority's.
struct Leaf {
  std::string subject;
  std::string altNames = {};  // as OpenSSL writes them: "DNS:robot.example,IP:127.0.0.1"
  std::string usage = {};     // "serverAuth", "clientAuth"; any if empty
  std::chrono::seconds validFrom = -std::chrono::hours(1), validUntil = std::chrono::hours(24);  // from now
  unsigned rsaBits = 0;  // an RSA key instead of one on P-256
};

// A certificate authority of the test's own.
class Authority {
 public:
  // Signed by `parent`, else by itself.
  explicit Authority(const std::string& name = "Beckon test authority", const Authority* parent = nullptr);
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  void writeCertificate(const std::filesystem::path& file) const;
  // A key (mode 0600) and a certificate for a server of that name, valid from an hour ago until `validFor` from now.
  void issue(const std::string& domain, const std::filesystem::path& certificate, const std::filesystem::path& key,
             std::chrono::seconds validFor = std::chrono::hours(24)) const;
  void issue(const Leaf& leaf, const std::filesystem::path& certificate, const std::filesystem::path& key) const;
  // The same, signed by its own key.
  static void signItself(const Leaf& leaf, const std::filesystem::path& certificate, const std::filesystem::path& key);

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
};

}  // namespace beckon::test
