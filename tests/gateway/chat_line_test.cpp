#include "gateway/doors/chat_line.hpp"

#include <gmock/gmock.h>

namespace beckon::gateway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> words(std::string_view line) { return wordsOf(line).value(); }

TEST(ChatLine, isPartedByBlanks) {
  EXPECT_THAT(words("say hello"), ElementsAre("say", "hello"));
  EXPECT_THAT(words("  say\t hello\n"), ElementsAre("say", "hello"));
  EXPECT_THAT(words(" \n"), IsEmpty());
  EXPECT_THAT(words("say don't 5\" \\n"), ElementsAre("say", "don't", "5\"", "\\n"));
}

TEST(ChatLine, keepsWhatIsQuotedTogether) {
  EXPECT_THAT(words(R"(say "hello you" 'it "is"' "")"), ElementsAre("say", "hello you", R"(it "is")", ""));
  EXPECT_THAT(words(R"(say "a \"b\" \\ \n")"), ElementsAre("say", "a \"b\" \\ \n"));
  EXPECT_THAT(words("say “hello you” „guten Tag“ «bon jour»"),
              ElementsAre("say", "hello you", "guten Tag", "bon jour"));
}

TEST(ChatLine, keepsJsonTogether) {
  EXPECT_THAT(words(R"(f ["a b", "]"] {"x": [1, 2]} 5)"), ElementsAre("f", R"(["a b", "]"])", R"({"x": [1, 2]})", "5"));
  EXPECT_THAT(words("say [oh no"), ElementsAre("say", "[oh", "no"));
  EXPECT_THAT(words("say [a b]c d"), ElementsAre("say", "[a b]c", "d"));
}

TEST(ChatLine, saysWhatIsWrongWithItsQuotes) {
  EXPECT_EQ(wordsOf("say \"hello").error().cause, "the quotation mark before \"hello\" is not closed");
  EXPECT_EQ(wordsOf("say “hello").error().nextStep, "put ” behind the text");
  EXPECT_THAT(wordsOf("say \"hello\"you").error().cause, HasSubstr("right behind the closing \""));
  EXPECT_FALSE(wordsOf("say \"hello\\"));
}

}  // namespace
}  // namespace beckon::gateway
