#include "apps/exit_codes.hpp"

#include <gtest/gtest.h>

namespace beckon::apps {
namespace {

TEST(ExitCodes, areWhatIsDocumentedForEveryError) {
  const std::vector<std::vector<std::string>> documented{
      {},
      {"internal"},
      {"invalid-argument", "malformed-json", "bad-arguments", "invalid-config"},
      {"unknown-service", "unknown-member", "unknown-robot"},
      {"unreachable", "bad-certificate", "connection-lost", "service-gone"},
      {"timed-out", "too-late"},
      {"refused", "not-authenticated", "not-owner", "name-taken", "not-now", "lease-needed", "lease-held", "bad-code",
       "bad-statement", "audit-failed"},
      {"call-failed", "canceled"},
      {"protocol-error", "too-large", "overloaded"}};
  std::size_t count = 0;
  for (std::size_t number = 0; number < documented.size(); ++number)
    for (const auto& text : documented[number]) {
      const auto code = run::codeFromText(text);
      EXPECT_EQ(run::codeText(code), text);
      EXPECT_EQ(exitCode(code), static_cast<int>(number)) << text;
      ++count;
    }
  // No code is left out: internal is the last of them.
  EXPECT_EQ(count, static_cast<std::size_t>(run::Code::internal) + 1);
}

}  // namespace
}  // namespace beckon::apps
