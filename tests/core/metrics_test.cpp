#include "core/run/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::run {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(Metrics, areOpenMetricsTextInTheOrderOfTheirNames) {
  Metrics metrics;
  metrics.counter("b_calls", "Calls.", {{"door", "lan"}, {"member", "say"}}).add(3);
  metrics.counter("a_drops", "Events that were dropped.").add();
  metrics.gauge("sessions", "Open ones.", [] {
    return std::vector<Metrics::Sample>{{{{"door", "iq"}}, 2}, {{{"door", "lan"}}, 0.5}};
  });
  EXPECT_EQ(metrics.text(),
            "# TYPE a_drops counter\n# HELP a_drops Events that were dropped.\na_drops_total 1\n"
            "# TYPE b_calls counter\n# HELP b_calls Calls.\nb_calls_total{door=\"lan\",member=\"say\"} 3\n"
            "# TYPE sessions gauge\n# HELP sessions Open ones.\nsessions{door=\"iq\"} 2\nsessions{door=\"lan\"} 0.5\n"
            "# EOF\n");
}

TEST(Metrics, countOnUnderTheSameNameAndLabels) {
  Metrics metrics;
  auto& counter = metrics.counter("calls", "", {{"member", "say"}});
  counter.add(2);
  metrics.counter("calls", "", {{"member", "say"}}).add(5);
  EXPECT_EQ(counter.value(), 7u);
}

TEST(Metrics, aHistogramCountsEachTimeInAllBucketsThatHoldIt) {
  Metrics metrics;
  auto& times = metrics.histogram("time_seconds", "How long.");
  times.observe(microseconds(100));  // a bound belongs to its bucket
  times.observe(microseconds(101));
  times.observe(seconds(3));
  times.observe(seconds(60));
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE time_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_bucket{le=\"0.00025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_bucket{le=\"2.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_bucket{le=\"5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_bucket{le=\"10\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("time_seconds_count 4\ntime_seconds_sum 63.000201\n"));
}

TEST(Metrics, whatComesFromOutsideInALabelStaysInIt) {
  Metrics metrics;
  metrics.counter("calls", "Lines\nand \"quotes\".", {{"who", "a\"} 9\nb\\"}}).add();
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP calls Lines\\nand \\\"quotes\\\".\n"));
  EXPECT_THAT(text, HasSubstr("calls_total{who=\"a\\\"} 9\\nb\\\\\"} 1\n"));
}

TEST(Metrics, doNotGrowWithoutEnd) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::mostSeries + 50; ++i)
    metrics.counter("calls", "", {{"service", "S"}, {"member", std::to_string(i)}}).add();
  metrics.counter("calls", "", {{"service", "S"}, {"member", "7"}}).add();
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("calls_total{service=\"S\",member=\"7\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("calls_total{service=\"other\",member=\"other\"} 50\n"));
  EXPECT_THAT(text, Not(HasSubstr("member=\"1049\"")));
}

}  // namespace
}  // namespace beckon::run
