// Lines of a chat, and when the robot keeps silent.
#include "gateway/doors/chat_door.hpp"

#include "gateway/doors/chat_patience.hpp"
#include "tests/gateway/iq_door_fixture.hpp"
#include "tests/gateway/recorded.hpp"

namespace beckon::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class ChatDoorTest : public IqDoorTest {
 protected:
  void openChat(
      const std::string& toml = "[[rule]]\nname = 'r'\nwho = ['owner@x', 'other@x']\nmay = '*'\non = 'Speech'\n") {
    openWith(toml);
    xmppRequests->record(recorded.trail);
    chat.emplace(xmppRequests);
    chat->open(*client);
  }

  static Element message(const std::string& body, const std::string& from = owner) {
    return Element("message", std::string(xmpp::ns::client))
        .set("type", "chat")
        .set("from", from)
        .add(Element("body", {}, body));
  }
  std::vector<Element> messages() const {
    std::vector<Element> out;
    for (const auto& stanza : server->sent)
      if (stanza.name == "message") out.push_back(stanza);
    return out;
  }
  // The answer to a line.
  std::string say(const std::string& line, const std::string& from = owner) {
    const auto before = messages().size();
    chat->received(message(line, from));
    if (!bus.runUntil([&] { return messages().size() > before; })) return "no answer";
    const auto answer = messages().back();
    EXPECT_EQ(answer.attribute("to"), from);
    EXPECT_EQ(answer.attribute("type"), "chat");
    return std::string(answer.childText("body", xmpp::ns::client));
  }
  // Whether a message is left unanswered: one that comes behind it is answered first.
  bool isIgnored(const Element& ignored) {
    const auto before = messages().size();
    const auto done = calls;
    chat->received(ignored);
    EXPECT_EQ(say("echo marker", "other@x/r"), "marker");
    return messages().size() == before + 1 && calls == done + 1;
  }

  test::Recorded recorded{bus.io};
  std::optional<ChatDoor> chat;
};

TEST_F(ChatDoorTest, answersALineWithTheResult) {
  openChat();
  EXPECT_EQ(say("say hello"), "done");
  EXPECT_EQ(say("echo \"hello <you>\""), "hello <you>");
  EXPECT_EQ(say("Speech.echo x"), "x");
  EXPECT_EQ(say("Speech.echo::(s) x"), "x");
  EXPECT_EQ(say("Say “hello you”"), "done");  // as a phone writes it
  EXPECT_THAT(said, ElementsAre("hello", "hello you"));
  EXPECT_THAT(say("fail"), HasSubstr("it <broke> & \"ended\""));
  EXPECT_THAT(recorded.text(), HasSubstr("\"door\":\"chat\",\"who\":\"owner@x\",\"session\":\"owner@x/phone\""));
  EXPECT_EQ(recorded.lines().front(), "call Speech.say done");
}

TEST_F(ChatDoorTest, keepsTheThreadAndMarksItsAnswers) {
  openChat();
  chat->received(message("echo x").add(Element("thread", {}, "t1")));
  ASSERT_TRUE(bus.runUntil([&] { return !messages().empty(); }));
  EXPECT_EQ(messages().back().toXml("jabber:client"),
            "<message to='owner@x/phone' type='chat'><thread>t1</thread><body>x</body>"
            "<answer xmlns='urn:beckon:chat:0'/></message>");
}

TEST_F(ChatDoorTest, helpsWithWhatTheCallerMayCall) {
  openChat("[[rule]]\nname = 'r'\nwho = 'owner@x'\nmay = '*'\non = ['Speech.say', 'Speech.volume', 'Speech.later']\n");
  EXPECT_EQ(say("Help"),
            "You may write:\nsay <text>  - says it\nlater\n"
            "Put a text with blanks in quotation marks: \"hello you\".");
  EXPECT_EQ(say("help speech"), "Speech takes:\nsay <text>  - says it\nlater");
  EXPECT_EQ(say("help say"), "say <text>  - says it");
  EXPECT_THAT(say("help echo"), StartsWith("There is no command or service \"echo\""));
  openChat("[[rule]]\nname = 'r'\nwho = 'owner@x'\nmay = 'watch'\non = 'Speech.volume'\n");
  EXPECT_EQ(say("help"), "There is nothing that you may ask this robot for just now.");
}

TEST_F(ChatDoorTest, saysWhatToWriteInstead) {
  openChat();
  EXPECT_EQ(say("say"), "too few arguments: 0 given, 1 wanted; write: say <text>");
  EXPECT_EQ(say("say hello you"),
            "too many arguments: 2 given, 1 wanted; write: say <text>\n"
            "with quotation marks around a text with blanks: \"hello you\"");
  EXPECT_EQ(say("dance"), "there is no command \"dance\"; write help to see what there is");
  EXPECT_THAT(say("say \"hello"), HasSubstr("is not closed; put \" behind the text"));
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(recorded.lines().front(), "call Speech.say refused (bad-arguments)");
}

TEST_F(ChatDoorTest, wantsTheServiceWhereSeveralHaveTheMethod) {
  localbus::ObjectBuilder builder;
  builder.method("echo", [](int number) { return number + 1; });
  bus.await(provider->registerService("Cave", builder.build())).value();
  openChat("[[rule]]\nname = 'r'\nwho = 'owner@x'\nmay = '*'\non = '*'\n");
  EXPECT_EQ(say("echo 5"), "several services have \"echo\"; write Speech.echo or Cave.echo");
  EXPECT_EQ(say("Cave.echo 5"), "6");
  EXPECT_EQ(say("Cave.echo five"),
            "argument 1: \"five\" stands where a whole number from -2147483648 to 2147483647 is wanted; "
            "write: Cave.echo <whole number>");
}

TEST_F(ChatDoorTest, answersWhatIsRefusedAsWhatDoesNotExistAndRecordsIt) {
  openChat("[[rule]]\nname = 'r'\nwho = 'owner@x'\nmay = '*'\non = 'Speech.echo'\n");
  EXPECT_EQ(say("say hello"), "there is no command \"say\"; write help to see what there is");
  EXPECT_EQ(say("Speech.say hello"), "Speech has no method \"say\"; write help to see what there is");
  EXPECT_EQ(say("Speech.sya hello"), "Speech has no method \"sya\"; write help to see what there is");
  EXPECT_THAT(recorded.lines(),
              ElementsAre("call Speech.say refused (not-granted)", "call Speech.sya refused (not-granted)"));
  EXPECT_TRUE(said.empty());
}

TEST_F(ChatDoorTest, doesNotAnswerStrangers) {
  openChat();
  EXPECT_TRUE(isIgnored(message("echo x", "stranger@x/phone")));
  EXPECT_TRUE(isIgnored(message("help", "stranger@x/phone")));
  EXPECT_THAT(recorded.text(), HasSubstr("\"door\":\"chat\",\"who\":\"stranger@x\""));
}

TEST_F(ChatDoorTest, doesNotAnswerWhatNobodyWritesNow) {
  openChat();
  for (const char* type : {"error", "groupchat", "headline", "normal"})
    EXPECT_TRUE(isIgnored(message("echo x").set("type", type))) << type;
  for (const char* xmlns : {"urn:xmpp:delay", "jabber:x:delay", "urn:xmpp:carbons:2", "urn:xmpp:forward:0",
                            "urn:xmpp:mam:2", "urn:beckon:chat:0"})
    EXPECT_TRUE(isIgnored(message("echo x").add(Element("x", xmlns)))) << xmlns;
  EXPECT_TRUE(isIgnored(message("")));
  EXPECT_TRUE(isIgnored(message(" ")));
  EXPECT_TRUE(isIgnored(message("echo x", "robot@x/other")));
  EXPECT_TRUE(isIgnored(message("echo x", "@")));
}

TEST_F(ChatDoorTest, doesNotAnswerAnotherRobotsAnswers) {
  openChat();
  chat->received(message("dance"));
  ASSERT_TRUE(bus.runUntil([&] { return messages().size() == 1; }));
  auto back = messages().back();
  back.set("from", owner);
  EXPECT_TRUE(isIgnored(back));
}

TEST_F(ChatDoorTest, endsACircleWithAProgramThatAnswersEverything) {
  openChat();
  chat->received(message("hi"));
  std::size_t answers = 0;
  std::string last;
  while (last.find("I listen again") == last.npos && answers < 100) {
    ASSERT_TRUE(bus.runUntil([&] { return messages().size() > answers; }));
    last = messages()[answers++].childText("body", xmpp::ns::client);
    if (answers < static_cast<std::size_t>(ChatPatience::mostMisunderstood)) chat->received(message(last));
  }
  EXPECT_EQ(answers, static_cast<std::size_t>(ChatPatience::mostMisunderstood));
  EXPECT_TRUE(isIgnored(message(last)));
  EXPECT_TRUE(isIgnored(message("echo x", "owner@x/tablet")));  // the account, not the device
}

TEST_F(ChatDoorTest, refusesALineThatIsTooLong) {
  openChat();
  EXPECT_THAT(say("echo " + std::string(ChatDoor::longestLine, 'x')), HasSubstr("too long"));
  EXPECT_EQ(say("echo " + std::string(1000, 'x')), std::string(1000, 'x'));
}

}  // namespace
}  // namespace beckon::gateway
