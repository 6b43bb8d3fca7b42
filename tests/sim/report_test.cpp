#include "apps/report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace beckon::apps {
namespace {

TEST(Report, saysCodeCauseAndNextStep) {
  EXPECT_EQ(
      errorText({run::Code::unknownService, "there is no service \"X\"", "list what there is with the verb services"}),
      "error (unknown-service): there is no service \"X\"\n  next: list what there is with the verb services\n");
  EXPECT_EQ(errorText({run::Code::internal, "broken", {}}), "error (internal): broken\n");
}

TEST(Report, isOneLineOfJsonForPrograms) {
  EXPECT_EQ(errorJson({run::Code::refused, "no \"way\"", "ask"}),
            "{\"error\":{\"code\":\"refused\",\"cause\":\"no \\\"way\\\"\",\"next\":\"ask\"}}\n");
}

TEST(Report, survivesTextThatIsNotUtf8) {
  const auto json = nlohmann::json::parse(errorJson({run::Code::callFailed, "bad \xff byte", {}}));
  EXPECT_EQ(json["error"]["code"], "call-failed");
}

}  // namespace
}  // namespace beckon::apps
