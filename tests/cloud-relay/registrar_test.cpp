#include "cloud-relay/registrar.hpp"

#include "core/run/base64url.hpp"
#include "fleet/protocol.hpp"
#include "tests/cloud-relay/registrar_fixture.hpp"

namespace beckon::relay {
namespace {

using testing::HasSubstr;

const std::string r2Account = "r2@robots.test";

TEST_F(RegistrarTest, enrolsWithAnAccountThatCanLogIn) {
  std::vector<std::string> told;
  registrar.onChange([&](const Member& member) { told.push_back(member.account); });
  const auto code = codeFor();
  const auto answer = enrol(code, "r2", 2).value();
  EXPECT_EQ(answer.account, r2Account);
  EXPECT_TRUE(run::fromBase64url<32>(answer.secret)) << "256 random bits";
  EXPECT_EQ(answer.host, "xmpp.robots.test");
  EXPECT_EQ(answer.port, 5222);
  EXPECT_EQ(answer.authorities, "the authorities");
  EXPECT_EQ(answer.relay, "relay.robots.test");
  EXPECT_EQ(answer.introduction[0], 7);
  const auto member = store.member(r2Account).value().value();
  EXPECT_EQ(member.key, test::keyNumber(2).publicKey());
  EXPECT_EQ(member.proof, request(code, "r2", 2).proof);
  EXPECT_FALSE(member.confirmed);
  EXPECT_EQ(told, std::vector{r2Account});
  EXPECT_TRUE(canLogIn(r2Account, answer.secret));
  EXPECT_FALSE(canLogIn(r2Account, answer.secret.substr(1)));
}

TEST_F(RegistrarTest, namesTheOwnerWhoMadeTheCodeAndAnOwnerItself) {
  const auto first = enrol(codeFor(Kind::owner), "alice", 1).value();
  EXPECT_EQ(first.ownerAccount, first.account);
  EXPECT_EQ(first.ownerKey, test::keyNumber(1).publicKey());
  const auto code = fleet::Code::make({"relay.robots.test", 5443, "home", Kind::robot, ""});
  KeptCode kept;
  kept.hash = fleet::Code::hashOf(code.ticket());
  kept.fleet = "home";
  kept.made = policy::wallClock();
  kept.ends = kept.made + 1h;
  kept.ownerAccount = "alice@robots.test";
  kept.ownerKey = test::keyNumber(1).publicKey();
  store.add(kept, kept.made).value();
  const auto second = enrol(code, "r2", 2).value();
  EXPECT_EQ(second.ownerAccount, "alice@robots.test");
  EXPECT_EQ(second.ownerKey, test::keyNumber(1).publicKey());
}

// Its answer may have been lost.
TEST_F(RegistrarTest, whoAsksAgainBeforeHeWasThereGetsAnotherSecretForTheSameAccount) {
  const auto code = codeFor();
  const auto first = enrol(code, "r2", 2).value(), second = enrol(code, "r2", 2).value();
  EXPECT_EQ(second.account, r2Account);
  EXPECT_NE(second.secret, first.secret);
  EXPECT_TRUE(canLogIn(r2Account, second.secret));
  EXPECT_FALSE(canLogIn(r2Account, first.secret));
  EXPECT_EQ(enrol(code, "r2", 3).error().code, run::Code::badCode) << "another key gets nothing";
  EXPECT_TRUE(canLogIn(r2Account, second.secret));
}

TEST_F(RegistrarTest, onceHeWasThereTheCodeIsUsed) {
  const auto code = codeFor();
  const auto answer = enrol(code, "r2", 2).value();
  const auto robot = login(r2Account, answer.secret);
  ASSERT_TRUE(robot->stream->send(xmpp::iqStanza("get", "1", "relay.robots.test").add(fleet::membersRequest())));
  ASSERT_TRUE(runUntil(io, [&] { return !robot->heard.empty(); }));
  EXPECT_EQ(robot->heard[0].attribute("type"), "result");
  const auto again = enrol(code, "r2", 2);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, run::Code::badCode);
  EXPECT_FALSE(robot->closed);
}

TEST_F(RegistrarTest, leavesAnAccountOfTheServersOwnAlone) {
  const auto code = codeFor();
  const auto taken = enrol(code, "mallory", 2);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, run::Code::nameTaken);
  EXPECT_THAT(taken.error().nextStep, HasSubstr("--name"));
  EXPECT_TRUE(canLogIn("mallory@robots.test", "her own"));
  EXPECT_FALSE(store.member("mallory@robots.test").value());
  EXPECT_TRUE(enrol(code, "r2", 2)) << "the code is as good as before";
  const auto revoked = finish(spawn(registrar.revoke("mallory@robots.test")));
  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().code, run::Code::invalidArgument);
  EXPECT_TRUE(canLogIn("mallory@robots.test", "her own"));
}

TEST_F(RegistrarTest, aCodeForTheNamePutsWhoHasItOut) {
  const auto first = enrol(codeFor(), "r2", 2).value();
  const auto robot = login(r2Account, first.secret);
  ASSERT_FALSE(robot->self.empty());
  const auto second = enrol(codeFor(Kind::robot, "r2"), "r2", 3).value();
  EXPECT_TRUE(runUntil(
      io, [&] { return robot->closed.has_value(); }, 1s));
  EXPECT_FALSE(canLogIn(r2Account, first.secret));
  EXPECT_TRUE(canLogIn(r2Account, second.secret));
  EXPECT_EQ(store.member(r2Account).value()->key, test::keyNumber(3).publicKey());
}

// What it asks while it is being replaced would be taken for the other's: that one would count as having been there.
TEST_F(RegistrarTest, whoIsBeingReplacedIsNotTakenForWhoReplacesHim) {
  const auto first = enrol(codeFor(), "r2", 2).value();
  const auto robot = login(r2Account, first.secret);
  ASSERT_FALSE(robot->self.empty());
  const auto later = spawn(registrar.enrol(request(codeFor(Kind::robot, "r2"), "r2", 3), "192.0.2.1"));
  int asked = 0;
  ASSERT_TRUE(runUntil(
      io,
      [&] {
        if (!later->has_value() && !robot->closed &&
            store.member(r2Account).value()->key == test::keyNumber(3).publicKey()) {
          auto asking = xmpp::iqStanza("get", std::to_string(++asked), "relay.robots.test");
          static_cast<void>(robot->stream->send(asking.add(fleet::membersRequest())));
        }
        return later->has_value();
      },
      10s));
  ASSERT_TRUE(**later);
  EXPECT_GT(asked, 0);
  EXPECT_FALSE(store.member(r2Account).value()->confirmed);
}

TEST_F(RegistrarTest, revokingEndsALiveStreamWithinASecond) {
  const auto answer = enrol(codeFor(), "r2", 2).value();
  const auto robot = login(r2Account, answer.secret);
  ASSERT_FALSE(robot->self.empty());
  const auto begin = std::chrono::steady_clock::now();
  const auto revoked = finish(spawn(registrar.revoke(r2Account)));
  ASSERT_TRUE(revoked) << revoked.error().cause;
  EXPECT_TRUE(revoked->revoked);
  EXPECT_TRUE(runUntil(io, [&] { return robot->closed.has_value(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_FALSE(store.member(r2Account).value());
  EXPECT_FALSE(canLogIn(r2Account, answer.secret));
  EXPECT_EQ(finish(spawn(registrar.revoke(r2Account))).value().revoked, revoked->revoked) << "he stays so";
  // The name is free again, for a code that is made for it.
  const auto next = enrol(codeFor(Kind::robot, "r2"), "r2", 3).value();
  EXPECT_TRUE(canLogIn(r2Account, next.secret));
}

// As after an add-user whose answer was lost: whether the account of that name is ours nobody knows.
TEST_F(RegistrarTest, doesNotTakeOverAnAccountThatItHasNotMade) {
  ASSERT_TRUE(finish(spawn(accounts.make(r2Account, "somebody's"))));
  const auto code = codeFor();
  const auto asked = request(code, "r2", 2);
  Member wanted;
  wanted.fleet = "home";
  wanted.account = r2Account;
  wanted.machine = asked.claim.id;
  wanted.key = asked.claim.key;
  ASSERT_TRUE(store.take(fleet::Code::hashOf(asked.ticket), wanted, policy::wallClock()));
  EXPECT_EQ(enrol(code, "r2", 2).error().code, run::Code::nameTaken);
  EXPECT_TRUE(canLogIn(r2Account, "somebody's"));
  EXPECT_TRUE(enrol(code, "r3", 3)) << "the code is as good as before";
}

TEST_F(RegistrarTest, revokesWhoseAccountIsGoneAlready) {
  ASSERT_TRUE(enrol(codeFor(), "r2", 2));
  ASSERT_TRUE(finish(spawn(accounts.remove(r2Account))));
  EXPECT_TRUE(finish(spawn(registrar.revoke(r2Account))));
  EXPECT_FALSE(store.member(r2Account).value());
}

TEST_F(RegistrarTest, changesASecret) {
  const auto answer = enrol(codeFor(), "r2", 2).value();
  ASSERT_TRUE(finish(spawn(registrar.changeSecret(r2Account, "another"))));
  EXPECT_TRUE(canLogIn(r2Account, "another"));
  EXPECT_FALSE(canLogIn(r2Account, answer.secret));
}

TEST_F(RegistrarTest, whoGuessesWaits) {
  const auto code = codeFor();
  for (int i = 0; i < policy::Guesses::atOnce; ++i)
    EXPECT_EQ(enrol(fleet::Code::make(code.place()), "r2", 2).error().code, run::Code::badCode) << i;
  const auto refused = enrol(code, "r2", 2);
  ASSERT_FALSE(refused) << "even with the right one";
  EXPECT_EQ(refused.error().code, run::Code::overloaded);
  EXPECT_EQ(refused.error().cause, "too many wrong codes came from 192.0.2.1");
  EXPECT_THAT(refused.error().nextStep, HasSubstr("wait 10 s"));
  EXPECT_TRUE(enrol(code, "r2", 2, "192.0.2.2")) << "others need not wait";
}

TEST_F(RegistrarTest, whatIsNotAWrongCodeIsNoGuess) {
  for (int i = 0; i < 2 * policy::Guesses::atOnce; ++i)
    EXPECT_EQ(enrol(codeFor(), "mallory", 2).error().code, run::Code::nameTaken);
  EXPECT_TRUE(enrol(codeFor(), "r2", 2));
}

TEST_F(RegistrarTest, ofTwoAtOnceOnOneAccountOneTriesAgain) {
  const auto mine = codeFor(), his = codeFor();
  const auto first = spawn(registrar.enrol(request(mine, "r2", 2), "192.0.2.1"));
  const auto second = spawn(registrar.enrol(request(his, "r2", 3), "192.0.2.2"));
  const auto revoking = spawn(registrar.revoke(r2Account));
  const auto changing = spawn(registrar.changeSecret(r2Account, "another"));
  const auto other = spawn(registrar.enrol(request(codeFor(), "d2", 4), "192.0.2.3"));
  const auto refused = finish(second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, run::Code::overloaded);
  EXPECT_EQ(refused.error().cause, r2Account + " is just being changed by somebody else");
  EXPECT_EQ(finish(revoking).error().code, run::Code::overloaded);
  EXPECT_EQ(finish(changing).error().code, run::Code::overloaded);
  const auto answer = finish(first).value();
  EXPECT_TRUE(canLogIn(r2Account, answer.secret));
  EXPECT_TRUE(finish(other)) << "another account does not wait";
  EXPECT_EQ(enrol(his, "r2", 3).error().code, run::Code::nameTaken)
      << "now it is taken, and the code as good as before";
  EXPECT_TRUE(enrol(his, "r3", 3));
}

TEST_F(RegistrarTest, whereTheServerIsDownTheCodeStaysGood) {
  const auto code = codeFor();
  server.kill();
  ASSERT_TRUE(runUntil(io, [this] { return !component.online(); }));
  const auto refused = enrol(code, "r2", 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, run::Code::connectionLost);
  EXPECT_FALSE(store.member(r2Account).value());
  server.start();
  ASSERT_TRUE(isOnline());
  const auto answer = enrol(code, "r2", 3).value();
  EXPECT_TRUE(canLogIn(r2Account, answer.secret));
}

TEST_F(RegistrarTest, whereTheServerIsDownNobodyIsRevokedYet) {
  ASSERT_TRUE(enrol(codeFor(), "r2", 2));
  server.kill();
  ASSERT_TRUE(runUntil(io, [this] { return !component.online(); }));
  EXPECT_EQ(finish(spawn(registrar.revoke(r2Account))).error().code, run::Code::connectionLost);
  EXPECT_TRUE(store.member(r2Account).value()) << "written down as revoked is who has no way in any more";
}

// Why the server may say no: the component is no administrator, or nobody has switched the commands on.
class Refused : public RegistrarTest {
 protected:
  explicit Refused(Prosody::Options options) : RegistrarTest(std::move(options)) {}
  void expectAdviceAndTheCodeToStayGood() {
    const auto code = codeFor();
    const auto refused = enrol(code, "r2", 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, run::Code::refused);
    EXPECT_EQ(refused.error().cause, "the XMPP server does not let this component administer accounts");
    EXPECT_THAT(refused.error().nextStep, HasSubstr("mod_admin_adhoc and admins in Prosody"));
    EXPECT_FALSE(store.member(r2Account).value());
    Member other;
    other.fleet = "home";
    other.account = r2Account;
    EXPECT_TRUE(store.take(fleet::Code::hashOf(code.ticket()), other, policy::wallClock()));
  }
};

class RegistrarWithoutRights : public Refused {
 protected:
  RegistrarWithoutRights() : Refused(options()) {}
  static Prosody::Options options() {
    auto out = usual();
    out.administrators.clear();
    return out;
  }
};

TEST_F(RegistrarWithoutRights, saysHowToGetThemAndTheCodeStaysGood) { expectAdviceAndTheCodeToStayGood(); }

class RegistrarWithoutCommands : public Refused {
 protected:
  RegistrarWithoutCommands() : Refused(options()) {}
  static Prosody::Options options() {
    auto out = usual();
    out.modules.clear();
    return out;
  }
};

TEST_F(RegistrarWithoutCommands, saysHowToGetThemAndTheCodeStaysGood) { expectAdviceAndTheCodeToStayGood(); }

}  // namespace
}  // namespace beckon::relay
