#include "core/run/key.hpp"

#include "tests/support/ed25519_key.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <charconv>
#include <fstream>

namespace beckon::run {
namespace {

template <std::size_t size>
std::array<std::uint8_t, size> fromHex(std::string_view hex) {
  EXPECT_EQ(hex.size(), 2 * size);
  std::array<std::uint8_t, size> out{};
  for (std::size_t i = 0; i < size; ++i) std::from_chars(&hex[2 * i], &hex[2 * i] + 2, out[i], 16);
  return out;
}

TEST(Key, signsAsRfc8032Says) {
  // Section 7.1, TEST 2.
  const auto key = test::keyOf(fromHex<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  EXPECT_EQ(key.publicKey(), fromHex<32>("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  const auto signature = fromHex<64>(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(key.sign("\x72"), signature);
  EXPECT_TRUE(isSignedBy(key.publicKey(), "\x72", signature));
}

TEST(Key, aSignatureIsOfOneTextByOneKey) {
  const auto key = test::keyNumber(1), other = test::keyNumber(2);
  const auto signature = key.sign("what is said");
  EXPECT_TRUE(isSignedBy(key.publicKey(), "what is said", signature));
  EXPECT_FALSE(isSignedBy(other.publicKey(), "what is said", signature));
  EXPECT_FALSE(isSignedBy(key.publicKey(), "what is sai", signature));
  EXPECT_FALSE(isSignedBy(key.publicKey(), "", signature));
  EXPECT_FALSE(isSignedBy(PublicKey{}, "what is said", signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    auto changed = signature;
    changed[at] ^= 1;
    EXPECT_FALSE(isSignedBy(key.publicKey(), "what is said", changed)) << at;
  }
}

TEST(Key, isReadAsItWasMade) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "key.pem";
  const auto made = PrivateKey::make(file).value();
  struct ::stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const auto read = PrivateKey::read(file).value();
  EXPECT_EQ(read.publicKey(), made.publicKey());
  EXPECT_TRUE(isSignedBy(made.publicKey(), "x", read.sign("x")));
  EXPECT_NE(PrivateKey::make(folder.path() / "another").value().publicKey(), made.publicKey());
}

TEST(Key, tellsWhereItCannotBeReadOrMade) {
  const test::TemporaryFolder folder;
  const auto nowhere = folder.path() / "none" / "key.pem";
  EXPECT_EQ(PrivateKey::read(nowhere).error().cause, "cannot read " + nowhere.string());
  EXPECT_EQ(PrivateKey::make(nowhere).error().cause, "cannot write " + nowhere.string());
  const auto open = folder.path() / "open.pem";
  ASSERT_TRUE(PrivateKey::make(open));
  ASSERT_EQ(::chmod(open.c_str(), 0644), 0);
  EXPECT_EQ(PrivateKey::read(open).error().nextStep, "chmod 600 " + open.string());
}

TEST(Key, hasTheHashOfItsPublicHalfAsFingerprint) {
  // sha256sum of 32 zero bytes.
  EXPECT_EQ(fingerprint(PublicKey{}), "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
}

}  // namespace
}  // namespace beckon::run
