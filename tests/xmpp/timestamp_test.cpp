#include "xmpp/timestamp.hpp"

#include <gtest/gtest.h>

namespace beckon::xmpp {
namespace {

using namespace std::chrono;

TEST(Timestamp, readsTheExamplesOfTheStandard) {
  const auto landing = sys_days(1969y / July / 21) + 2h + 56min + 15s;
  EXPECT_EQ(parseTimestamp("1969-07-21T02:56:15Z"), landing);
  EXPECT_EQ(parseTimestamp("1969-07-20T21:56:15-05:00"), landing);
}

TEST(Timestamp, readsFractionsOffsetsAndLeapDays) {
  EXPECT_EQ(parseTimestamp("2002-09-10T23:08:25.5Z"), sys_days(2002y / September / 10) + 23h + 8min + 25s + 500ms);
  EXPECT_EQ(parseTimestamp("2002-09-10T23:08:25.123456789987Z"),
            sys_days(2002y / September / 10) + 23h + 8min + 25s + 123456789ns);
  EXPECT_EQ(parseTimestamp("2024-02-29T00:30:00+01:00"), sys_days(2024y / February / 28) + 23h + 30min);
  EXPECT_EQ(parseTimestamp("1970-01-01T00:00:00-00:00"), system_clock::time_point());
  EXPECT_EQ(parseTimestamp("2261-12-31T23:59:59Z"), sys_days(2262y / January / 1) - 1s);
  EXPECT_EQ(parseTimestamp("1678-01-01T00:00:00Z"), sys_days(1678y / January / 1));
}

TEST(Timestamp, writesWhatItReads) {
  const auto landing = sys_days(1969y / July / 21) + 2h + 56min + 5s;
  EXPECT_EQ(timestampText(landing), "1969-07-21T02:56:05Z");
  EXPECT_EQ(parseTimestamp(timestampText(landing)), landing);
}

TEST(Timestamp, refusesWhatIsNoSuchTime) {
  for (const auto text : {"",
                          "now",
                          "20020910T23:08:25",  // the format before XEP-0082
                          "2002-09-10",
                          "2002-09-10T23:08:25",  // no zone
                          "2002-09-10T23:08:25z",
                          "2002-09-10t23:08:25Z",
                          "2002-09-10 23:08:25Z",
                          " 2002-09-10T23:08:25Z",
                          "2002-09-10T23:08:25Z ",
                          "2002-09-10T23:08Z",
                          "2002-9-10T23:08:25Z",
                          "02002-09-10T23:08:25Z",
                          "-002-09-10T23:08:25Z",
                          "2002-00-10T23:08:25Z",
                          "2002-13-10T23:08:25Z",
                          "2002-09-31T23:08:25Z",
                          "2023-02-29T23:08:25Z",
                          "2002-09-00T23:08:25Z",
                          "2002-09-10T24:00:00Z",
                          "2002-09-10T23:60:25Z",
                          "2002-09-10T23:08:60Z",
                          "2002-09-10T23:08:25.Z",
                          "2002-09-10T23:08:25,5Z",
                          "2002-09-10T23:08:25+0100",
                          "2002-09-10T23:08:25+15:00",
                          "2002-09-10T23:08:25+01:60",
                          "2002-09-10T23:08:25+-1:00",
                          "2002-09-10T23:08:25ZZ",
                          "1677-12-31T23:59:59Z",
                          "2262-01-01T00:00:00Z",
                          "9999-12-31T23:59:59Z"})
    EXPECT_FALSE(parseTimestamp(text)) << text;
}

}  // namespace
}  // namespace beckon::xmpp
