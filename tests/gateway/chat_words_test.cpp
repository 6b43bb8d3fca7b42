#include "gateway/doors/chat_words.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Callable service(const std::string& name, const std::vector<std::pair<std::string, std::string>>& methods) {
  Callable out{name, {}};
  for (const auto& [method, parameters] : methods) out.methods.push_back({100, "v", method, parameters, {}, {}, {}});
  return out;
}

class ChatWordsTest : public testing::Test {
 protected:
  std::vector<Callable> all{service("Speech", {{"say", "(s)"}, {"say", "(ss)"}, {"stop", "()"}, {"help", "()"}}),
                            service("Motion", {{"stop", "()"}, {"moveTo", "(fff)"}, {"Say", "()"}}),
                            service("T.0", {{"go", "(b)"}})};

  // What a word means, or what is wrong with it.
  std::string meant(std::string_view word) {
    const auto meaning = meaningOf(all, word);
    if (!meaning) return meaning.error().cause + "; " + meaning.error().nextStep;
    return meaning->service + " " + meaning->method + (meaning->isShort ? " short" : "");
  }
};

TEST_F(ChatWordsTest, meanWhatFitsExactlyOrElseInEitherCase) {
  EXPECT_EQ(meant("moveTo"), "Motion moveTo short");
  EXPECT_EQ(meant("moveto"), "Motion moveTo short");
  EXPECT_EQ(meant("say"), "Speech say short");
  EXPECT_EQ(meant("Say"), "Motion Say short");
  EXPECT_EQ(meant("SAY"), "several services have \"SAY\"; write Speech.say or Motion.Say");
  EXPECT_EQ(meant("speech.SAY"), "Speech say short");
  EXPECT_EQ(meant("say::(ss)"), "Speech say::(ss) short");
  EXPECT_EQ(meant("stop"), "several services have \"stop\"; write Speech.stop or Motion.stop");
  EXPECT_EQ(meant("Motion.stop"), "Motion stop");
  EXPECT_EQ(meant("T.0.go"), "T.0 go short");
}

TEST_F(ChatWordsTest, leaveItToThePolicyWhatAPlaceThatIsNotThereMeans) {
  EXPECT_EQ(meant("Nobody.there"), "Nobody there");
  EXPECT_EQ(meant("T.0.stay::(i)"), "T.0 stay::(i)");
  for (const char* word : {"dance", ".", "a.", ".a", "..."})
    EXPECT_THAT(meant(word), HasSubstr("there is no command")) << word;
}

TEST_F(ChatWordsTest, tellHowToWriteIt) {
  EXPECT_THAT(usages(all, meaningOf(all, "say").value()), ElementsAre("say <text>", "say <text> <text>"));
  EXPECT_THAT(usages(all, meaningOf(all, "Motion.stop").value()), ElementsAre("Motion.stop"));
  EXPECT_THAT(usages(all, meaningOf(all, "go").value()), ElementsAre("go <true or false>"));
}

TEST_F(ChatWordsTest, helpWithMethodsOrWhereThereAreManyWithServices) {
  EXPECT_TRUE(isHelp("HELP"));
  EXPECT_THAT(help(all, {}), HasSubstr("\nsay <text>\nsay <text> <text>\nSpeech.stop\nSpeech.help\nMotion.stop\n"));
  EXPECT_EQ(help(all, "stop"), "Speech.stop\nMotion.stop");
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 30; ++i) many.emplace_back("m" + std::to_string(i), "()");
  all.push_back(service("Large", many));
  EXPECT_THAT(help(all, {}), HasSubstr("\nSpeech (3)\nMotion (3)\nT.0 (1)\nLarge (30)\n"));
  EXPECT_THAT(help(all, {}), Not(HasSubstr("say <text>")));
  EXPECT_THAT(help(all, "LARGE"), HasSubstr("Large takes:\nm0\nm1\n"));
}

}  // namespace
}  // namespace beckon::gateway
