#include "core/qi/object_scan.hpp"

#include "core/qi/value_coder.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

bool holds(const Value& value) { return holdsObjects(encodeValue(value), value.signature()).value(); }

TEST(ObjectScan, findsAnObjectWhereverItIs) {
  const Value object = ObjectRef{};
  EXPECT_TRUE(holds(object));
  EXPECT_TRUE(holds(dynamic(object)));
  EXPECT_TRUE(holds(dynamic(dynamic(object))));
  EXPECT_TRUE(holds(List{Signature::of("m"), {dynamic(std::int32_t{1}), dynamic(object)}}));
  EXPECT_TRUE(holds(Map{Signature::of("s"), Signature::of("m"), {{std::string("a"), dynamic(object)}}}));
  EXPECT_TRUE(holds(Tuple{{std::string("before"), dynamic(Tuple{{std::uint8_t{1}, object}, {}})}, {}}));
  EXPECT_TRUE(holds(Optional{Signature::of("o"), std::make_shared<const Value>(object)}));
}

TEST(ObjectScan, findsNoneWhereThereIsNone) {
  EXPECT_FALSE(holds(Value()));
  EXPECT_FALSE(holds(List{Signature::of("o"), {}}));
  EXPECT_FALSE(holds(Optional{Signature::of("o"), nullptr}));
  EXPECT_FALSE(holds(Dynamic{}));
  EXPECT_FALSE(holds(dynamic(std::string("an object, as text"))));
  EXPECT_FALSE(
      holds(List{Signature::of("m"), {dynamic(std::int32_t{1}), dynamic(List{Signature::of("f"), {1.0f, 2.0f}})}}));
}

TEST(ObjectScan, refusesWhatCannotBeDecoded) {
  const auto refused = [](const Bytes& bytes, const char* type) { return !holdsObjects(bytes, Signature::of(type)); };
  EXPECT_TRUE(refused({}, "m"));
  EXPECT_TRUE(refused({9, 0, 0, 0, 'i'}, "m"));
  EXPECT_TRUE(refused({1, 0, 0, 0, 'X'}, "m"));
  EXPECT_TRUE(refused({1, 0, 0, 0, 'i', 1, 2}, "m"));
  EXPECT_TRUE(refused({0xFF, 0xFF, 0xFF, 0xFF, 1, 2}, "[i]"));
  EXPECT_TRUE(refused({0xFF, 0xFF, 0xFF, 0xFF}, "[v]"));
  EXPECT_TRUE(refused({2, 0, 0, 0, 's'}, "s"));
  Bytes deep;
  for (int i = 0; i < 100; ++i) deep.insert(deep.end(), {1, 0, 0, 0, 'm'});
  EXPECT_TRUE(refused(deep, "m"));
}

}  // namespace
}  // namespace beckon::qi
