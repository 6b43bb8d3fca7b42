#include "apps/sim/memory_model.hpp"

#include <gtest/gtest.h>

namespace beckon::sim {
namespace {

using Names = std::vector<std::string>;

const WallTime t1{std::chrono::seconds(1)}, t2{std::chrono::seconds(2)};

std::string textOf(const MemoryModel& memory, const std::string& key) {
  return *memory.get(key).value().value.inner().as<std::string>();
}

TEST(MemoryModel, givesBackWhatWasInserted) {
  MemoryModel memory;
  ASSERT_TRUE(memory.insert("a", std::string("one"), t1));
  EXPECT_EQ(textOf(memory, "a"), "one");
  ASSERT_TRUE(memory.insert("a", qi::dynamic(std::string("two")), t2));
  EXPECT_EQ(textOf(memory, "a"), "two");
  EXPECT_EQ(memory.get("a")->changed, t2);
  EXPECT_EQ(memory.get("a")->value.signature().text(), "m");
}

TEST(MemoryModel, saysWhichKeyIsMissing) {
  MemoryModel memory;
  const auto missing = memory.get("Device/X");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, run::Code::unknownMember);
  EXPECT_NE(missing.error().cause.find("\"Device/X\""), std::string::npos);
  EXPECT_FALSE(memory.remove("Device/X"));
  EXPECT_FALSE(memory.insert("", 1, t1));
}

TEST(MemoryModel, tellsDataFromEventsAndMicroEvents) {
  MemoryModel memory;
  ASSERT_TRUE(memory.insert("data", 1, t1));
  ASSERT_TRUE(memory.raise("event", 2, MemoryModel::Kind::event, t1));
  ASSERT_TRUE(memory.raise("micro", 3, MemoryModel::Kind::microEvent, t1));
  ASSERT_TRUE(memory.declare("declared", t1));
  EXPECT_EQ(memory.keys(), (Names{"data", "declared", "event", "micro"}));
  EXPECT_EQ(memory.keys("e"), (Names{"declared", "event"}));
  EXPECT_EQ(memory.keys(MemoryModel::Kind::event), (Names{"declared", "event"}));
  EXPECT_EQ(memory.keys(MemoryModel::Kind::microEvent), (Names{"micro"}));
  EXPECT_EQ(memory.get("declared")->value.as<qi::Dynamic>()->content, nullptr);
  EXPECT_FALSE(memory.remove("micro", MemoryModel::Kind::event));
  EXPECT_TRUE(memory.remove("micro", MemoryModel::Kind::microEvent));
  EXPECT_TRUE(memory.remove("data"));
  EXPECT_EQ(memory.keys(), (Names{"declared", "event"}));
}

TEST(MemoryModel, declaringAnEventKeepsTheValue) {
  MemoryModel memory;
  ASSERT_TRUE(memory.insert("x", std::string("kept"), t1));
  ASSERT_TRUE(memory.declare("x", t2));
  EXPECT_EQ(textOf(memory, "x"), "kept");
  EXPECT_EQ(memory.keys(MemoryModel::Kind::event), (Names{"x"}));
}

TEST(MemoryModel, refusesAKeyTooMany) {
  MemoryModel memory;
  for (std::size_t i = 0; i < MemoryModel::maxKeys; ++i) ASSERT_TRUE(memory.insert(std::to_string(i), 1, t1));
  EXPECT_EQ(memory.insert("one more", 1, t1).error().code, run::Code::overloaded);
  EXPECT_TRUE(memory.insert("0", 2, t1));
}

}  // namespace
}  // namespace beckon::sim
