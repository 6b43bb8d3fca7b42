#include "apps/cli/trace_reader.hpp"

#include "apps/cli/load.hpp"
#include "core/qi/convert.hpp"
#include "localbus/statistics.hpp"

#include <gtest/gtest.h>

namespace beckon::cli {
namespace {

using localbus::EventTrace;
using qi::Value;
using std::chrono::microseconds;

// A service with say(s)i, take(rm)r and the signal spoken(s).
class Reading : public testing::Test {
 protected:
  Reading() {
    metaObject.methods[100] = {100, "i", "say", "(s)", {}, {}, {}};
    metaObject.methods[101] = {101, "r", "take", "(rm)", {}, {}, {}};
    metaObject.signals[102] = {102, "spoken", "(s)"};
    reader.begin(metaObject);
  }

  static EventTrace line(std::int32_t kind, std::uint32_t id, std::uint32_t slot, std::int64_t micro = 0) {
    EventTrace trace;
    trace.id = id;
    trace.kind = kind;
    trace.slotId = slot;
    trace.timestamp = {1'700'000'000, micro};
    trace.callerContext = 7;
    return trace;
  }
  static EventTrace withArguments(EventTrace trace, std::vector<Value> items) {
    qi::List list{qi::Signature::of("m"), {}};
    for (auto& item : items) list.items.push_back(qi::dynamic(std::move(item)));
    trace.arguments = qi::dynamic(list);
    return trace;
  }
  static EventTrace withResult(EventTrace trace, Value result) {
    trace.arguments = qi::dynamic(std::move(result));
    return trace;
  }
  Passed read(const EventTrace& trace) {
    const auto passed = reader.read(qi::toValue(std::tuple(trace)));
    EXPECT_TRUE(passed);
    return passed ? *passed : Passed();
  }

  qi::MetaObject metaObject;
  TraceReader reader;
};

TEST_F(Reading, tellsACallAndHowLongItsAnswerTook) {
  const auto call = read(withArguments(line(EventTrace::call, 1, 100, 10), {std::string("hello")}));
  EXPECT_EQ(call.kind, Passed::Kind::call);
  EXPECT_EQ(call.member, "say");
  EXPECT_EQ(call.caller, 7u);
  EXPECT_EQ(call.time, std::chrono::seconds(1'700'000'000) + microseconds(10));
  EXPECT_EQ(call.content.signature().text(), "(s)");
  EXPECT_EQ(call.bytes, 9u);  // the length and the text
  EXPECT_FALSE(call.duration);
  auto result = withResult(line(EventTrace::result, 1, 100, 1510), std::int32_t{3});
  result.userUsTime = 400;
  result.systemUsTime = 50;
  const auto answer = read(result);
  EXPECT_EQ(answer.kind, Passed::Kind::answer);
  EXPECT_EQ(answer.content.signature().text(), "i");
  EXPECT_EQ(answer.bytes, 4u);
  EXPECT_EQ(answer.duration, microseconds(1500));
  EXPECT_EQ(answer.user, microseconds(400));
  EXPECT_EQ(answer.system, microseconds(50));
}

TEST_F(Reading, tellsErrorsEventsAndMembersThatItDoesNotKnow) {
  const auto error = read(withResult(line(EventTrace::error, 4, 100), std::string("no")));
  EXPECT_EQ(error.kind, Passed::Kind::error);
  EXPECT_FALSE(error.duration) << "its call came before the trace";
  EXPECT_EQ(error.bytes, 11u);  // a dynamic: its signature, too
  const auto event = read(withArguments(line(EventTrace::signal, 5, 102), {std::string("x")}));
  EXPECT_EQ(event.kind, Passed::Kind::event);
  EXPECT_EQ(event.member, "spoken");
  EXPECT_EQ(read(line(EventTrace::call, 6, 999)).member, "#999");
  EXPECT_FALSE(reader.read(qi::toValue(std::tuple(3))));
}

TEST_F(Reading, saysThatRawDataIsNotShownAndCountsTheRest) {
  const std::string notShown =
      "<??"
      ">";
  const auto call = read(withArguments(line(EventTrace::call, 1, 101), {notShown, std::int32_t{5}}));
  EXPECT_FALSE(call.isWhole);
  EXPECT_EQ(call.bytes, 9u);  // a dynamic with an int
  EXPECT_FALSE(read(withResult(line(EventTrace::result, 1, 101), notShown)).isWhole);
  // Where text is declared, it is what was said.
  EXPECT_TRUE(read(withArguments(line(EventTrace::call, 2, 100), {notShown})).isWhole);
}

TEST_F(Reading, countsWhatWasMissedByTheNumbers) {
  read(line(EventTrace::call, 11, 100));
  EXPECT_EQ(reader.missed(), 0u);
  read(line(EventTrace::call, 14, 100));
  EXPECT_EQ(reader.missed(), 2u);
  read(line(EventTrace::signal, 13, 102));  // from another thread
  EXPECT_EQ(reader.missed(), 1u);
  reader.end();
  reader.begin(metaObject);  // a new process counts anew
  read(line(EventTrace::call, 1, 100));
  EXPECT_EQ(reader.missed(), 1u);
  EXPECT_FALSE(read(line(EventTrace::result, 14, 100)).duration);
}

TEST_F(Reading, forgetsTheOldestOfCallsThatAreNeverAnswered) {
  for (std::uint32_t id = 1; id <= TraceReader::maxPending + 1; ++id) read(line(EventTrace::call, id, 100));
  EXPECT_FALSE(read(line(EventTrace::result, 1, 100)).duration);
  EXPECT_TRUE(read(line(EventTrace::result, 2, 100)).duration);
}

TEST_F(Reading, addsUpToALoad) {
  Load load;
  load.add(read(withArguments(line(EventTrace::call, 1, 100, 0), {std::string("a")})));
  load.add(read(withArguments(line(EventTrace::call, 2, 100, 5), {std::string("b")})));
  load.add(read(withResult(line(EventTrace::result, 1, 100, 10), std::int32_t{3})));
  load.add(read(withResult(line(EventTrace::error, 2, 100, 35), std::string("no"))));
  load.add(read(withArguments(line(EventTrace::signal, 3, 102), {std::string("x")})));
  EXPECT_EQ(load.calls, 2u);
  EXPECT_EQ(load.answers, 1u);
  EXPECT_EQ(load.errors, 1u);
  EXPECT_EQ(load.events, 1u);
  EXPECT_EQ(load.wall, microseconds(40));
  EXPECT_EQ(load.longest, microseconds(30));
  EXPECT_EQ(load.argumentBytes, 10u);
  EXPECT_EQ(load.resultBytes, 15u);
  EXPECT_EQ(load.eventBytes, 5u);
  EXPECT_TRUE(load.isWhole);
}

}  // namespace
}  // namespace beckon::cli
