#include "localbus/tls_key.hpp"

#include "localbus/tls_self_signed.hpp"
#include "tests/localbus/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::localbus {
namespace {

using testing::HasSubstr;

class TlsKeyTest : public testing::Test {
 protected:
  TlsKeyPair made(const std::string& name) const {
    TlsKeyPair files{folder.path() / (name + ".pem"), folder.path() / (name + ".key")};
    EXPECT_TRUE(makeSelfSigned(files));
    return files;
  }
  // Shakes hands; what each end thinks of the other.
  static void shake(test::TlsEnd& client, test::TlsEnd& server) {
    for (int i = 0; i < 4; ++i) {
      server.feed(client.take());
      client.feed(server.take());
    }
  }
  const test::TemporaryFolder folder;
};

TEST_F(TlsKeyTest, readsFingerprintsAndNothingElse) {
  const std::string digits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";
  EXPECT_EQ(readFingerprint("SHA256:" + digits).value(), digits.substr(0, 58) + "abcdef");
  for (const auto& wrong : {std::string(), digits, "SHA1:" + digits, "SHA256:" + digits.substr(1),
                            "SHA256:" + digits + "0", "SHA256:g" + digits.substr(1)})
    EXPECT_EQ(readFingerprint(wrong).error().code, run::Code::invalidArgument) << wrong;
}

TEST_F(TlsKeyTest, makesAKeyOnceThatIsNobodyElses) {
  const auto files = made("own");
  EXPECT_EQ(std::filesystem::status(files.key).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto key = TlsContext::server({.own = files}).value().ownKey();
  EXPECT_EQ(key.size(), 64u);
  made("own");
  EXPECT_EQ(TlsContext::server({.own = files}).value().ownKey(), key);
  EXPECT_NE(TlsContext::server({.own = made("other")}).value().ownKey(), key);
  // Without its certificate it is made anew; nothing is left half written.
  EXPECT_FALSE(makeSelfSigned({"/nowhere/at/all.pem", "/nowhere/at/all.key"}));
}

TEST_F(TlsKeyTest, isAllThatAPinnedServerIsKnownBy) {
  const auto server = TlsContext::server({.own = made("own")}).value();
  test::TlsEnd right(TlsContext::client({.pin = server.ownKey()}).value(), "robot.example"), end(server);
  shake(right, end);
  EXPECT_TRUE(right.channel.isEstablished());
  EXPECT_EQ(right.channel.peerKey(), server.ownKey());
  test::TlsEnd wrong(TlsContext::client({.pin = std::string(64, '0')}).value(), "robot.example"), other(server);
  shake(wrong, other);
  ASSERT_TRUE(wrong.failure);
  EXPECT_EQ(wrong.failure->code, run::Code::badCertificate);
  EXPECT_THAT(wrong.failure->cause, HasSubstr("SHA256:" + server.ownKey()));
}

TEST_F(TlsKeyTest, tellsAServerThatAsksWhoTheClientIs) {
  const auto asks = TlsContext::server({.own = made("own"), .asksForKeys = true}).value();
  const auto withKey = TlsContext::client({.own = made("client"), .pin = asks.ownKey()}).value();
  test::TlsEnd client(withKey, "robot.example"), server(asks);
  shake(client, server);
  EXPECT_EQ(server.channel.peerKey(), withKey.ownKey());
  test::TlsEnd without(TlsContext::client({.pin = asks.ownKey()}).value(), "robot.example"), again(asks);
  shake(without, again);
  EXPECT_TRUE(again.channel.isEstablished());
  EXPECT_EQ(again.channel.peerKey(), "");
}

}  // namespace
}  // namespace beckon::localbus
