#include "policy/audit/segment.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace beckon::policy::audit {
namespace {

using testing::HasSubstr;

// Segments as the protocol describes them, one batch for each text.
struct Made {
  Chainer chainer;
  Link link;

  std::string batch(const std::string& lines) {
    link = chainer.next(link, lines);
    const auto count = static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
    return lines + ChainLine{link, count}.text();
  }
  std::string segment(std::uint64_t number, const std::vector<std::string>& batches) {
    auto out = batch(Head{number, link}.text());
    for (const auto& lines : batches) out += batch(lines);
    return out;
  }
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

TEST(AuditChain, isTheSha256OfTheLinkBeforeAndTheLines) {
  // printf '\0%.0s' $(seq 32) > x; printf 'a\n' >> x; sha256sum x
  EXPECT_EQ(hex(Chainer().next({}, "a\n").value), "64f5793b201c211072cc4c622e04bf326e2737f175f3a20619c48966b8bfffd8");
}

TEST(AuditChain, aLineIsReadAsItIsWrittenAndInNoOtherWay) {
  const ChainLine line{Chainer().next({41, {}}, "a\n"), 3};
  auto text = line.text();
  text.pop_back();
  const auto read = ChainLine::parse(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->link, line.link);
  EXPECT_EQ(read->lines, 3u);
  for (const auto& other : {text + " ", " " + text, replaced(text, ":42,", ":042,"), replaced(text, "\"}", "A\"}"),
                            text.substr(0, text.size() - 1), replaced(text, "chain", "Chain"), std::string()})
    EXPECT_FALSE(ChainLine::parse(other)) << other;
}

TEST(AuditSegment, isNamedByItsBeginningAndOrderedByItsNumber) {
  const auto day = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(9);
  EXPECT_EQ(segmentFileName(day, 12), "20261122-090000-000012.jsonl");
  EXPECT_EQ(segmentNumber("20261122-090000-000012.jsonl"), 12u);
  EXPECT_EQ(segmentNumber("19700101-000000-1234567.jsonl"), 1234567u);
  for (const char* other : {"20261122-090000-000012.jsonl.torn", "20261122-090000-12.jsonl", "x.jsonl", ".jsonl",
                            "20261122-090000-000000.jsonl", "20261122-090000-00001x.jsonl", ""})
    EXPECT_FALSE(segmentNumber(other)) << other;
  test::TemporaryFolder folder;
  for (const auto& name : {segmentFileName({}, 3), segmentFileName(day, 2), std::string("notes.txt")})
    std::ofstream(folder.path() / name) << "x";
  const auto found = segmentsOf(folder.path()).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].number, 2u);
  EXPECT_EQ(found[1].number, 3u);
  EXPECT_FALSE(segmentsOf(folder.path() / "none"));
}

TEST(AuditVerifier, findsARecordSoundAndSaysWhereItEnds) {
  Made made;
  const auto one = made.segment(1, {"a\n", "b\nc\n"}), two = made.segment(2, {"d\n"});
  Verifier verifier;
  EXPECT_FALSE(verifier.segment(1, one, false));
  EXPECT_FALSE(verifier.segment(2, two + "half a li", true));
  EXPECT_EQ(verifier.link(), made.link);
  EXPECT_EQ(verifier.entries(), 4u);
  EXPECT_EQ(verifier.segments(), 2u);
  EXPECT_EQ(verifier.unfinished(), 9u);
}

TEST(AuditVerifier, beginsAtTheOldestSegmentThatIsKept) {
  Made made;
  made.segment(1, {"a\n"});
  const auto two = made.segment(2, {"b\n"}), three = made.segment(3, {"c\n"});
  Verifier verifier;
  EXPECT_FALSE(verifier.segment(2, two, false));
  EXPECT_FALSE(verifier.segment(3, three, true));
  EXPECT_EQ(verifier.first(), 2u);
}

TEST(AuditVerifier, noticesEveryChangedByte) {
  Made made;
  const auto sound = made.segment(1, {"one\n", "two\nthree\n", "four\n"});
  ASSERT_FALSE(Verifier().segment(1, sound, false));
  for (std::size_t i = 0; i < sound.size(); ++i) {
    auto changed = sound;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_TRUE(Verifier().segment(1, changed, false)) << i;
  }
}

TEST(AuditVerifier, noticesLinesAndBatchesThatWereRemovedAddedOrMoved) {
  Made made;
  const auto head = made.batch(Head{1, {}}.text()), one = made.batch("one\n"), two = made.batch("two\nthree\n");
  const auto broken = [](const std::string& text, bool isLast = false) {
    const auto found = Verifier().segment(1, text, isLast);
    return found ? std::to_string(found->line) + ": " + found->what : std::string("sound");
  };
  EXPECT_EQ(broken(head + one + two), "sound");
  EXPECT_THAT(broken(head + two), HasSubstr("3: link 2 of the chain is missing"));
  EXPECT_THAT(broken(head + two + one), HasSubstr("3: link 2"));
  EXPECT_THAT(broken(head + one + replaced(two, "two\n", "")), HasSubstr("5: lines 5 to 6 are not what was written"));
  EXPECT_THAT(broken(head + one + "more\n" + two), HasSubstr("5: lines 5 to 8"));
  EXPECT_THAT(broken(head + one + "more\n"), HasSubstr("5: its end is missing"));
  EXPECT_EQ(broken(head + one + "more\n", true), "sound");
  EXPECT_THAT(broken(one + two), HasSubstr("1: its first line"));
  EXPECT_THAT(broken(""), HasSubstr("1: its first line"));
}

TEST(AuditVerifier, noticesSegmentsThatAreMissingOrOfAnotherRecord) {
  Made made, other;
  const auto one = made.segment(1, {"a\n"}), two = made.segment(2, {"b\n"}), three = made.segment(3, {"c\n"});
  other.segment(1, {"x\n"});
  const auto strange = other.segment(2, {"b\n"});
  Verifier gap, foreign, cut, numbered;
  ASSERT_FALSE(gap.segment(1, one, false));
  EXPECT_THAT(gap.segment(3, three, true)->what, HasSubstr("segment 2 is missing"));
  ASSERT_FALSE(foreign.segment(1, one, false));
  EXPECT_THAT(foreign.segment(2, strange, true)->what, HasSubstr("does not go on where segment 1 ends"));
  // The last batch of segment 1 was taken away.
  ASSERT_FALSE(cut.segment(1, one.substr(0, one.find("a\n")), false));
  EXPECT_THAT(cut.segment(2, two, true)->what, HasSubstr("does not go on where segment 1 ends"));
  EXPECT_THAT(numbered.segment(4, three, true)->what, HasSubstr("it says that it is segment 3"));
}

TEST(AuditVerifier, knowsWhetherALinkThatWasNotedIsThere) {
  Made made;
  const auto one = made.segment(1, {"a\n"});
  const auto noted = made.link;
  const auto more = one + made.batch("b\n");
  Verifier verifier, rewritten;
  verifier.expect(noted);
  EXPECT_FALSE(verifier.segment(1, more, true));
  EXPECT_TRUE(verifier.hasFoundExpected());
  rewritten.expect(noted);
  EXPECT_FALSE(rewritten.segment(1, Made().segment(1, {"c\n", "b\n"}), true));
  EXPECT_FALSE(rewritten.hasFoundExpected());
}

}  // namespace
}  // namespace beckon::policy::audit
