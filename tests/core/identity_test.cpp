#include "core/run/identity.hpp"

#include "tests/core/kept_file.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <regex>

namespace beckon::run {
namespace {

namespace fs = std::filesystem;
using test::contentOf;
using test::modeOf;

class IdentityTest : public testing::Test {
 protected:
  fs::path folder() const { return temporary.path() / "state"; }
  fs::path keyFile() const { return folder() / "key.pem"; }
  // Writes a key to where the identity's is.
  void writeKey(EVP_PKEY* key, const EVP_CIPHER* cipher, const std::string& passphrase) {
    fs::create_directories(folder());
    const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(keyFile().c_str(), "w"), &std::fclose);
    PEM_write_PrivateKey(file.get(), key, cipher, reinterpret_cast<const unsigned char*>(passphrase.data()),
                         static_cast<int>(passphrase.size()), nullptr, nullptr);
    EVP_PKEY_free(key);
    fs::permissions(keyFile(), fs::perms::owner_read | fs::perms::owner_write);
  }
  void expectRefused(const std::string& why, const std::string& nextStep) const {
    const auto identity = loadIdentity(folder());
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().code, Code::invalidConfig);
    EXPECT_EQ(identity.error().cause, keyFile().string() + why);
    EXPECT_EQ(identity.error().nextStep, nextStep);
  }
  static constexpr const char* restore = "restore it from a backup; removing it makes a new identity";

  const test::TemporaryFolder temporary;
};

// By another way than the code under test: the last 32 bytes of the public key's DER form (RFC 8410 section 4) are
// the raw key.
std::string fingerprintOf(const fs::path& keyFile) {
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(keyFile.c_str(), "r"), &std::fclose);
  EVP_PKEY* key = PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  EVP_PKEY_free(key);
  EXPECT_EQ(size, 44);
  unsigned char digest[32];
  EVP_Digest(der + size - 32, 32, digest, nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  std::string out;
  char two[3];
  for (const unsigned char byte : digest) out.append(two, std::snprintf(two, sizeof two, "%02x", byte));
  return out;
}

TEST_F(IdentityTest, isMadeOnceAndStays) {
  const auto made = loadIdentity(folder()).value();
  EXPECT_TRUE(std::regex_match(made.id, std::regex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))) << made.id;
  const auto key = contentOf(keyFile());
  const auto again = loadIdentity(folder()).value();
  EXPECT_EQ(again.id, made.id);
  EXPECT_EQ(fingerprint(again.key.publicKey()), fingerprint(made.key.publicKey()));
  EXPECT_EQ(contentOf(keyFile()), key);
  const auto another = loadIdentity(temporary.path() / "another").value();
  EXPECT_NE(another.id, made.id);
  EXPECT_NE(fingerprint(another.key.publicKey()), fingerprint(made.key.publicKey()));
}

TEST_F(IdentityTest, isOpenToNobodyElseWhateverTheUmask) {
  const auto before = ::umask(0);
  const bool made = loadIdentity(folder()).has_value();
  ::umask(before);
  ASSERT_TRUE(made);
  EXPECT_EQ(modeOf(folder()), 0700u);
  EXPECT_EQ(modeOf(keyFile()), 0600u);
}

TEST_F(IdentityTest, hasTheHashOfItsPublicKeyAsFingerprint) {
  const auto identity = loadIdentity(folder()).value();
  EXPECT_EQ(fingerprint(identity.key.publicKey()), fingerprintOf(keyFile()));
}

TEST_F(IdentityTest, refusesAKeyThatOthersCanRead) {
  ASSERT_TRUE(loadIdentity(folder()));
  for (const auto others : {fs::perms::group_read, fs::perms::others_read, fs::perms::others_write}) {
    fs::permissions(keyFile(), fs::perms::owner_read | fs::perms::owner_write | others);
    expectRefused(" can be read by others", "chmod 600 " + keyFile().string());
  }
  fs::permissions(keyFile(), fs::perms::owner_read);
  EXPECT_TRUE(loadIdentity(folder()));
}

TEST_F(IdentityTest, refusesABrokenKeyAndLeavesItAsItIs) {
  ASSERT_TRUE(loadIdentity(folder()));
  const auto half = contentOf(keyFile()).substr(0, 60);
  for (const auto& broken : {half, std::string("not a key\n"), std::string()}) {
    std::ofstream(keyFile()) << broken;
    expectRefused(" does not hold an Ed25519 key", restore);
    EXPECT_EQ(contentOf(keyFile()), broken);
  }
}

TEST_F(IdentityTest, refusesAKeyOfAnotherKindAndOneWithAPassphraseWithoutAskingForIt) {
  writeKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), nullptr, "");
  expectRefused(" does not hold an Ed25519 key", restore);
  writeKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_aes_256_cbc(), "secret");
  expectRefused(" does not hold an Ed25519 key", restore);
}

TEST_F(IdentityTest, isNotMisledByADraftThatWasLeftBehind) {
  fs::create_directories(folder());
  std::ofstream(keyFile().string() + ".new") << "half a k";
  fs::permissions(keyFile().string() + ".new", fs::perms::all);
  const auto identity = loadIdentity(folder()).value();
  EXPECT_EQ(modeOf(keyFile()), 0600u);
  EXPECT_EQ(fingerprint(loadIdentity(folder()).value().key.publicKey()), fingerprint(identity.key.publicKey()));
}

TEST_F(IdentityTest, saysWhereItCannotBeKept) {
  std::ofstream(folder()) << "a file where a folder should be";
  const auto identity = loadIdentity(folder());
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code, Code::invalidConfig);
  EXPECT_NE(identity.error().cause.find(folder().string()), std::string::npos) << identity.error().cause;
}

}  // namespace
}  // namespace beckon::run
