#include "core/qi/utf8.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

TEST(Utf8, acceptsWhatRfc3629Has) {
  for (const std::string_view text :
       {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "gr\xC3\xBC\xC3\x9F"})
    EXPECT_TRUE(isUtf8(text)) << text;
  EXPECT_TRUE(isUtf8(std::string_view("\0", 1)));
}

TEST(Utf8, refusesWhatRfc3629Forbids) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2 ", "\xE0\x9F\xBF", "\xE0\xA0", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xEF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xC2"})
    EXPECT_FALSE(isUtf8(text)) << text;
}

TEST(Utf8, showsForeignBytesAsReplacementCharacters) {
  EXPECT_EQ(printable("a\xFF"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(printable("gr\xC3\xBC\xC3"), "gr\xC3\xBC\xEF\xBF\xBD");
}

TEST(Utf8, showsNothingThatSteersATerminal) {
  EXPECT_EQ(printable("\x1B[2Jgone\x7F"), "\xEF\xBF\xBD[2Jgone\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\xEF\xBF\xBD"
            "2J");
  EXPECT_EQ(printable("two\nlines\tand \xC2\xA0"), "two\nlines\tand \xC2\xA0");
}

TEST(Utf8, cutsBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc...");
  EXPECT_EQ(printable("ab\xC3\xBC"
                      "defg",
                      6),
            "ab...");
  for (std::size_t limit = 3; limit < 12; ++limit) {
    const auto text = printable(
        "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"
        "abc\xFF",
        limit);
    EXPECT_TRUE(isUtf8(text)) << text;
    EXPECT_LE(text.size(), limit);
  }
}

}  // namespace
}  // namespace beckon::qi
