#include "core/run/error.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

namespace beckon::run {
namespace {

// Code::internal is the last one.
constexpr int codes = static_cast<int>(Code::internal) + 1;

TEST(Code, hasATextOfItsOwnThatComesBack) {
  std::set<std::string_view> texts;
  for (int i = 0; i < codes; ++i) {
    const auto code = static_cast<Code>(i);
    const auto text = codeText(code);
    EXPECT_TRUE(texts.insert(text).second) << "code " << i << " has the text of another, \"" << text << '"';
    EXPECT_EQ(codeFromText(text), code) << text;
    for (const char c : text) EXPECT_TRUE(c == '-' || std::islower(static_cast<unsigned char>(c))) << text;
  }
}

TEST(Code, isInternalForATextThatIsNotKnown) {
  EXPECT_EQ(codeFromText("unknown-trouble"), Code::internal);
  EXPECT_EQ(codeFromText(""), Code::internal);
  EXPECT_EQ(codeText(static_cast<Code>(codes)), "internal");
}

TEST(Result, throwsItsErrorWhereTheValueIsTakenRegardless) {
  const Result<int> result = Error{Code::unreachable, "nobody answers", "start it"};
  try {
    (void)result.value();
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()).rfind("unreachable: nobody answers", 0), 0u) << error.what();
  }
}

}  // namespace
}  // namespace beckon::run
