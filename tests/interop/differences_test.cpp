#include "tests/interop/comparison.hpp"
#include "tests/interop/replays.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace beckon::test {
namespace {

// One process that replays all, so that its counters go on from one scenario to the next.
TEST(RecordedScenarios, areAllReplayedFromBothSides) {
  std::set<std::string> files;
  for (const auto& message : qi::test::recordedMessages()) files.insert(message.file);
  EXPECT_EQ(files.size(), 23u);
  for (const auto& file : files) {
    SCOPED_TRACE(file);
    replayClients(file);
    replayServers(file);
  }
}

TEST(KnownDifferences, areAtMostTwelveKinds) {
  Differences kinds;
  for (const auto& difference : knownDifferences()) kinds.insert(difference.kind);
  EXPECT_EQ(kinds.size(), knownDifferences().size());
  EXPECT_LE(kinds.size(), 12u);
}

TEST(KnownDifferences, areEachSeenInAScenario) {
  for (const auto& difference : knownDifferences()) {
    const auto seen =
        difference.played == Played::client ? replayClients(difference.file) : replayServers(difference.file);
    EXPECT_TRUE(seen.contains(difference.kind)) << difference.name << ": not in " << difference.file;
  }
}

TEST(KnownDifferences, areExplained) {
  std::ifstream stream(beckon::test::sourceFolder() / "docs/protocol/qi.md");
  const auto text = (std::ostringstream() << stream.rdbuf()).str();
  for (const auto& difference : knownDifferences())
    EXPECT_TRUE(text.find("| " + std::string(difference.name) + " |") != text.npos) << difference.name;
}

// How many failures the comparison reports.
int failures(const Frame& ours, const qi::test::RecordedMessage& theirs) {
  testing::TestPartResultArray results;
  testing::ScopedFakeTestPartResultReporter reporter(&results);
  Comparison(Played::client).expectSame(ours, theirs);
  return results.size();
}

TEST(Comparison, noticesEachByteThatIsNotRandom) {
  std::size_t noticed = 0;
  for (const auto& message : qi::test::recordedMessages()) {
    if (message.file != "09_calls.json" || message.connection != 3 || message.number < 34) continue;
    const Frame same{qi::Header::decode(message.header), message.payload};
    EXPECT_EQ(failures(same, message), 0);
    auto flagged = same;
    flagged.header.flags ^= qi::flags::dynamicPayload;
    EXPECT_GT(failures(flagged, message), 0) << message.name();
    for (std::size_t i = 0; i < same.payload.size(); ++i) {
      auto changed = same;
      changed.payload[i] ^= 1;
      noticed += failures(changed, message) > 0;
      EXPECT_GT(failures(changed, message), 0) << message.name() << " byte " << i;
    }
  }
  EXPECT_GT(noticed, 500u);
}

}  // namespace
}  // namespace beckon::test
