#include "localbus/tls_context.hpp"

#include "tests/localbus/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

namespace beckon::localbus {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A server's files, all of them good until a test spoils one.
class TlsContextTest : public testing::Test {
 protected:
  std::string text(const std::filesystem::path& path) { return path.string(); }
  run::Error refusal() {
    const auto made = TlsContext::server({own, authorities});
    EXPECT_FALSE(made);
    if (made) return {};
    EXPECT_EQ(made.error().code, run::Code::invalidConfig);
    // A client's files are read in the same way.
    EXPECT_EQ(TlsContext::client({authorities, true, own}).error().cause, made.error().cause);
    return made.error();
  }

  test::TlsFiles files;
  TlsKeyPair own = files.issue({"robot.example", "DNS:robot.example"});
  std::optional<std::filesystem::path> authorities = files.path("authority.pem");
};

TEST_F(TlsContextTest, isMadeFromGoodFiles) {
  EXPECT_TRUE(TlsContext::server({own})->isServer());
  EXPECT_FALSE(TlsContext::server({own})->verifies());
  EXPECT_TRUE(TlsContext::server({own, authorities})->verifies());
  EXPECT_FALSE(TlsContext::client({})->isServer());
  EXPECT_TRUE(TlsContext::client({})->verifies());
  EXPECT_TRUE(TlsContext::client({authorities, true, own})->verifies());
  EXPECT_FALSE(TlsContext::client({.verify = false})->verifies());
}

TEST_F(TlsContextTest, namesTheFileThatIsNotThere) {
  std::filesystem::remove(own.certificate);
  EXPECT_EQ(refusal().cause, "cannot read " + text(own.certificate) + ": No such file or directory");
  own = files.issue({"robot.example"});
  std::filesystem::remove(own.key);
  EXPECT_EQ(refusal().cause, "cannot read " + text(own.key) + ": No such file or directory");
  own = files.issue({"robot.example"});
  std::filesystem::remove(*authorities);
  EXPECT_EQ(refusal().cause, "cannot read " + text(*authorities) + ": No such file or directory");
}

TEST_F(TlsContextTest, namesTheFileThatHoldsSomethingElse) {
  std::ofstream(*authorities) << "nothing\n";
  EXPECT_THAT(refusal().cause, StartsWith(text(*authorities) + " holds no certificate of an authority"));
  std::ofstream(own.key) << "nothing\n";
  EXPECT_THAT(refusal().cause, StartsWith(text(own.key) + " holds no private key that can be used"));
  std::ofstream(own.certificate) << "nothing\n";
  EXPECT_THAT(refusal().cause, StartsWith(text(own.certificate) + " holds no certificate that can be used"));
}

TEST_F(TlsContextTest, refusesAKeyThatOthersMayRead) {
  ASSERT_EQ(::chmod(own.key.c_str(), 0640), 0);
  EXPECT_EQ(refusal().cause, text(own.key) + " can be read by others");
  EXPECT_EQ(refusal().nextStep, "chmod 600 " + text(own.key));
}

TEST_F(TlsContextTest, refusesTheKeyOfAnotherCertificate) {
  own.key = files.issue({"other.example"}, "other").key;
  EXPECT_EQ(refusal().cause, text(own.key) + " is not the key of " + text(own.certificate));
  test::Leaf ofAnotherKind{"other.example"};
  ofAnotherKind.rsaBits = 2048;
  own.key = files.issue(ofAnotherKind, "other").key;
  EXPECT_EQ(refusal().cause, text(own.key) + " is not the key of " + text(own.certificate));
}

TEST_F(TlsContextTest, refusesAKeyWithAPassphraseInsteadOfAskingForIt) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::FILE* const file = std::fopen(own.key.c_str(), "w");
  ASSERT_TRUE(file);
  PEM_write_PKCS8PrivateKey(file, key.get(), EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr);
  std::fclose(file);
  EXPECT_THAT(refusal().cause, StartsWith(text(own.key) + " holds no private key that can be used"));
  EXPECT_THAT(refusal().nextStep, HasSubstr("without a passphrase"));
}

TEST_F(TlsContextTest, refusesACertificateOfItsOwnThatIsTooWeak) {
  test::Leaf weak{"robot.example"};
  weak.rsaBits = 1024;
  own = files.issue(weak);
  EXPECT_THAT(refusal().cause, HasSubstr("too small"));
}

TEST_F(TlsContextTest, livesAsLongAsAnyChannelOfIt) {
  std::optional<TlsContext> context = *TlsContext::client({authorities});
  test::TlsEnd client(*context, "robot.example");
  context.reset();
  test::TlsEnd server(*TlsContext::server({own}));
  carry(client, server);
  EXPECT_TRUE(client.channel.isEstablished());
}

}  // namespace
}  // namespace beckon::localbus
