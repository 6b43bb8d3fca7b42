#include "cloud-relay/accounts.hpp"

#include "tests/support/memory_stream.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

// What servers answer that no test has at hand; on a real Prosody, see registrar_test.cpp.
namespace beckon::relay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using xmpp::Element;

class AccountsTest : public testing::Test {
 protected:
  AccountsTest() : component(io.get_executor(), config(), run::silentLog()), accounts(component, jid("x")) {
    memory->executor = io.get_executor();
    memory->answer = [this](const Element& stanza) { serve(stanza); };
    component.start({});
    memory->online(jid("relay.x"));
  }
  ~AccountsTest() override { component.stop(); }

  static xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }
  xmpp::Component::Config config() {
    xmpp::Component::Config out;
    out.domain = jid("relay.x");
    out.server = jid("x");
    out.streams = [this] { return std::make_unique<test::MemoryStream>(memory); };
    return out;
  }

  // A command that is filled in gets what `answers` has for it, or is completed.
  void serve(const Element& stanza) {
    if (stanza.attribute("type") != "set") return;
    const auto& asked = stanza.children.front();
    const auto name =
        std::string(asked.attribute("node")).substr(std::string("http://jabber.org/protocol/admin#").size());
    auto answer = xmpp::iqStanza("result", stanza.attribute("id"), "relay.x").set("from", "x");
    auto command = Element("command", asked.xmlns);
    if (asked.children.empty())
      return memory->give(answer.add(command.set("status", "executing").set("sessionid", "1")));
    commands.push_back(name);
    const auto found = answers.find(name);
    if (found == answers.end()) return memory->give(answer.add(command.set("status", "completed")));
    if (found->second.name == "note")
      return memory->give(answer.add(command.set("status", "completed").add(found->second)));
    memory->give(answer.set("type", "error").add(found->second));
  }
  static Element note(std::string_view type, const std::string& text) {
    return Element("note", "http://jabber.org/protocol/commands", text).set("type", type);
  }
  static Element error(const std::string& condition) {
    return xmpp::StanzaError{"cancel", condition, "", "", ""}.element();
  }

  run::Result<> finish(boost::asio::awaitable<run::Result<>> what) {
    std::optional<run::Result<>> out;
    boost::asio::co_spawn(io, std::move(what), [&](std::exception_ptr, run::Result<> result) { out = result; });
    EXPECT_TRUE(test::runUntil(io, [&] { return out.has_value(); }));
    return out.value_or(run::Error{run::Code::internal, "no answer", ""});
  }

  boost::asio::io_context io;
  std::shared_ptr<test::MemoryServer> memory = std::make_shared<test::MemoryServer>();
  xmpp::Component component;
  Accounts accounts;
  std::map<std::string, Element> answers;
  std::vector<std::string> commands;
};

TEST_F(AccountsTest, tellsThatAnAccountIsThereAlreadyHoweverTheServerSaysIt) {
  for (const auto& said : {note("error", "Account already exists"), error("conflict")}) {
    answers["add-user"] = said;
    const auto made = finish(accounts.make("r2@x", "hush"));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, run::Code::nameTaken);
    EXPECT_EQ(made.error().cause, "there is an account r2@x on the server already");
  }
  answers["add-user"] = note("error", "The disk is full");
  EXPECT_EQ(finish(accounts.make("r2@x", "hush")).error().code, run::Code::callFailed);
  answers.clear();
  EXPECT_TRUE(finish(accounts.make("r2@x", "hush")));
}

TEST_F(AccountsTest, endsTheStreamsOfWhoHasNone) {
  for (const auto& said :
       {note("info", "The following accounts could not be disconnected:\nr2@x"), error("item-not-found")}) {
    answers["end-user-session"] = said;
    EXPECT_TRUE(finish(accounts.endStreams("r2@x")));
  }
  answers["end-user-session"] = error("internal-server-error");
  EXPECT_FALSE(finish(accounts.endStreams("r2@x")));
}

TEST_F(AccountsTest, removesInTheOrderInWhichNobodyLogsInMeanwhile) {
  EXPECT_TRUE(finish(accounts.remove("r2@x")));
  EXPECT_THAT(commands, ElementsAre("change-user-password", "end-user-session", "delete-user"));
}

TEST_F(AccountsTest, hasRemovedWhatIsNotThere) {
  for (const auto& said : {note("error", "User does not exist"), error("item-not-found"), error("bad-request")}) {
    answers["change-user-password"] = said;
    answers["delete-user"] = note("info", "The following accounts could not be deleted:\nr2@x");
    EXPECT_TRUE(finish(accounts.remove("r2@x")));
  }
}

TEST_F(AccountsTest, hasNotRemovedWhatTheServerKeeps) {
  answers["delete-user"] = note("info", "The following accounts could not be deleted:\nr2@x");
  EXPECT_EQ(finish(accounts.remove("r2@x")).error().cause, "the XMPP server does not delete r2@x");
  // Whether it is there is not known.
  answers["change-user-password"] = error("forbidden");
  EXPECT_EQ(finish(accounts.remove("r2@x")).error().code, run::Code::refused);
}

TEST_F(AccountsTest, saysHowToGetTheRight) {
  for (const auto* condition : {"forbidden", "not-allowed", "service-unavailable"}) {
    answers["add-user"] = error(condition);
    const auto made = finish(accounts.make("r2@x", "hush"));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, run::Code::refused) << condition;
    EXPECT_THAT(made.error().nextStep, HasSubstr("mod_configure and access configure in ejabberd"));
  }
}

}  // namespace
}  // namespace beckon::relay
