#pragma once

#include <openssl/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace beckon::test {

// A certificate authority of the test's own.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  void writeCertificate(const std::filesystem::path& file) const;
  // A key and a certificate for a server of that name, valid from an hour ago until `validFor` from now.
  void issue(const std::string& domain, const std::filesystem::path& certificate, const std::filesystem::path& key,
             std::chrono::seconds validFor = std::chrono::hours(24)) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
};

}  // namespace beckon::test
