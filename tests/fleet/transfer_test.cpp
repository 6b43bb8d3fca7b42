#include "fleet/transfer.hpp"

#include "core/run/base64url.hpp"
#include "tests/fleet/r2.hpp"
#include "tests/support/ed25519_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::fleet {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const std::string codeText = "relay.other.example:5443/lab/robot/AAECAwQFBgcICQoLDA0ODw";

class Transfer : public testing::Test {
 protected:
  static run::Code problem(const TransferOrder& order, const run::PublicKey& by, WallTime now = today,
                           const std::string& receiver = r2Account) {
    const auto checked = order.check(by, receiver, now);
    EXPECT_TRUE(checked || !checked.error().nextStep.empty());
    return checked ? run::Code::internal : checked.error().code;  // internal: nothing is wrong
  }

  const run::PrivateKey owner = test::keyNumber(1), other = test::keyNumber(2);
  const TransferOrder order = TransferOrder::make(owner, r2Account, codeText, "r2", today + minutes(2));
};

TEST_F(Transfer, isTakenFromTheOwnerWhileItIsTime) {
  EXPECT_TRUE(order.check(owner.publicKey(), r2Account, today));
  EXPECT_TRUE(order.check(owner.publicKey(), r2Account, today + seconds(119)));
}

TEST_F(Transfer, isRefusedFromAnybodyElse) {
  EXPECT_EQ(problem(order, other.publicKey()), run::Code::badStatement);
  EXPECT_EQ(problem(TransferOrder::make(other, r2Account, codeText, "r2", order.ends), owner.publicKey()),
            run::Code::badStatement);
}

TEST_F(Transfer, isRefusedWhereAnythingInItWasChanged) {
  auto changed = order;
  changed.code[0] = 'R';
  EXPECT_EQ(problem(changed, owner.publicKey()), run::Code::badStatement);
  changed = order;
  changed.name = "r3";
  EXPECT_EQ(problem(changed, owner.publicKey()), run::Code::badStatement);
  changed = order;
  changed.ends += seconds(1);
  EXPECT_EQ(problem(changed, owner.publicKey()), run::Code::badStatement);
  // Of another robot of the same owner, also where the receiver reads its own name into it.
  EXPECT_EQ(problem(order, owner.publicKey(), today, "r3@robots.example"), run::Code::badStatement);
  changed = order;
  changed.account = "r3@robots.example";
  EXPECT_EQ(problem(changed, owner.publicKey(), today, "r3@robots.example"), run::Code::badStatement);
}

TEST_F(Transfer, isRefusedBeforeAndAfterItsTime) {
  EXPECT_EQ(problem(order, owner.publicKey(), order.ends), run::Code::tooLate);
  EXPECT_EQ(problem(order, owner.publicKey(), order.ends - TransferOrder::longest - seconds(1)), run::Code::tooLate);
  EXPECT_EQ(problem(order, owner.publicKey(), WallTime(seconds(1000))), run::Code::invalidConfig);
}

TEST_F(Transfer, isReadAsItWasWritten) {
  const auto request = transferRequest(order);
  EXPECT_TRUE(request.is("transfer", "urn:beckon:fleet:0"));
  EXPECT_EQ(request.attribute("account"), "");
  EXPECT_EQ(readTransfer(request, r2Account).value(), order);
}

TEST_F(Transfer, isMalformedWithoutAnyOfItsParts) {
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{{"code", ""},
                                                                                              {"name", ""},
                                                                                              {"name", "R 2"},
                                                                                              {"ends", ""},
                                                                                              {"ends", "-1"},
                                                                                              {"ends", "1x"},
                                                                                              {"ends", "253402300800"},
                                                                                              {"signature", "AAAA"}}) {
    const auto read = readTransfer(transferRequest(order).set(name, value), r2Account);
    ASSERT_FALSE(read) << name << value;
    EXPECT_EQ(read.error().code, run::Code::protocolError);
  }
}

TEST_F(Transfer, isAnsweredWithWhatTheRobotIsNow) {
  const Transferred done{"r2@other.example", "lab", "bob@other.example", other.publicKey()};
  const auto read = readTransferred(transferResult(done)).value();
  EXPECT_EQ(read.account, done.account);
  EXPECT_EQ(read.fleet, done.fleet);
  EXPECT_EQ(read.ownerAccount, done.ownerAccount);
  EXPECT_EQ(read.key, done.key);
  for (const auto* name : {"account", "fleet", "owner", "key"})
    EXPECT_FALSE(readTransferred(transferResult(done).set(name, "\n"))) << name;
}

}  // namespace
}  // namespace beckon::fleet
