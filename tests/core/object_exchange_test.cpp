#include "core/qi/object_exchange.hpp"

#include "core/qi/convert.hpp"

#include <gtest/gtest.h>

namespace beckon::qi {
namespace {

struct Thing final : LiveObject {};

ObjectRef reference(const std::shared_ptr<LiveObject>& to) {
  ObjectRef object;
  object.metaObject = std::make_shared<const MetaObject>(MetaObject{{}, {}, {}, "thing"});
  object.cacheId = 5;
  object.service = 7;
  object.object = 9;
  object.uid.fill(3);
  object.live = to;
  return object;
}

void expectSame(const ObjectRef& got, const ObjectRef& want) {
  EXPECT_EQ(got.live, want.live);
  EXPECT_EQ(got.metaObject, want.metaObject);
  EXPECT_EQ(got.cacheId, want.cacheId);
  EXPECT_EQ(got.service, want.service);
  EXPECT_EQ(got.object, want.object);
  EXPECT_EQ(got.uid, want.uid);
}

// Tells what it was asked, and stands in the reference's place.
class Recorder final : public ObjectExchange {
 public:
  ObjectRef give(const ObjectRef& object, const ObjectFormat& format) override {
    given.push_back(object.live);
    formats.push_back(format);
    ObjectRef out;
    out.service = format.service;
    out.object = static_cast<std::uint32_t>(given.size() + 100);
    return out;
  }
  run::Result<> take(ObjectRef& object) override {
    taken.push_back(object.object);
    if (refuses) return run::Error{run::Code::overloaded, "no more", {}};
    object.live = std::make_shared<Thing>();
    return {};
  }
  std::vector<std::shared_ptr<LiveObject>> given;
  std::vector<ObjectFormat> formats;
  std::vector<std::uint32_t> taken;
  bool refuses = false;
};

TEST(ObjectExchange, isAskedForEachObjectOfAValue) {
  Recorder exchange;
  const ObjectFormat format{.exchange = &exchange, .service = 4, .isArgument = true};
  const auto one = reference(std::make_shared<Thing>()), other = reference(std::make_shared<Thing>());
  const Value value = Tuple{{List{Signature::of("o"), {one, other}}, dynamic(one)}, {}};
  const auto bytes = encodeValue(value, format);
  EXPECT_EQ(exchange.given, (std::vector<std::shared_ptr<LiveObject>>{one.live, other.live, one.live}));
  EXPECT_TRUE(exchange.formats.at(0).isArgument);
  const auto back = decodeValue(bytes, value.signature(), format);
  ASSERT_TRUE(back);
  EXPECT_EQ(exchange.taken, (std::vector<std::uint32_t>{101, 102, 103}));
  const auto& items = back->as<Tuple>()->items;
  EXPECT_EQ(items[0].as<List>()->items[1].as<ObjectRef>()->service, 4u);
  EXPECT_TRUE(items[1].inner().as<ObjectRef>()->live);
}

TEST(ObjectExchange, makesAValueUnreadableByItsRefusal) {
  Recorder exchange;
  exchange.refuses = true;
  const auto bytes = encode(std::vector<ObjectRef>(3, reference(nullptr)));
  const auto read = decode<std::vector<ObjectRef>>(bytes, {.exchange = &exchange});
  EXPECT_EQ(read.error().code, run::Code::overloaded);
  EXPECT_EQ(exchange.taken.size(), 1u) << "nothing is taken after a refusal";
}

TEST(ObjectExchange, isNotAskedForAnObjectThatIsCutShort) {
  Recorder exchange;
  auto bytes = encode(reference(nullptr));
  bytes.pop_back();
  EXPECT_FALSE(decode<ObjectRef>(bytes, {.exchange = &exchange}));
  EXPECT_TRUE(exchange.taken.empty());
}

TEST(ObjectExchange, isLeftOutOfAPlainFormat) {
  Recorder exchange;
  const ObjectFormat format{.metaObjectCache = true, .uid = false, .exchange = &exchange, .service = 4};
  const auto plain = format.plain();
  EXPECT_TRUE(plain.metaObjectCache);
  EXPECT_FALSE(plain.uid);
  auto object = reference(std::make_shared<Thing>());
  const auto back = decode<ObjectRef>(encode(object, plain), plain).value();
  EXPECT_TRUE(exchange.given.empty() && exchange.taken.empty());
  EXPECT_FALSE(back.live);
  EXPECT_EQ(back.service, 7u);
  EXPECT_EQ(back.object, 9u);
}

TEST(CarriedObjects, keepWhatAReferenceStandsFor) {
  CarriedObjects carried;
  const auto object = reference(std::make_shared<Thing>()), other = reference(nullptr);
  const auto bytes = encode(std::vector{object, other, object}, carried.format());
  const auto back = decode<std::vector<ObjectRef>>(bytes, carried.format()).value();
  ASSERT_EQ(back.size(), 3u);
  expectSame(back[0], object);
  expectSame(back[1], other);
  expectSame(back[2], object);
}

TEST(CarriedObjects, passThroughTypesAndValues) {
  using Typed = std::tuple<std::vector<ObjectRef>, std::map<std::string, ObjectRef>, Value>;
  const auto object = reference(std::make_shared<Thing>());
  const Typed typed{{object}, {{"a", object}}, dynamic(object)};
  const auto value = toValue(typed);
  expectSame(*value.as<Tuple>()->items[0].as<List>()->items[0].as<ObjectRef>(), object);
  const auto back = fromValue<Typed>(value).value();
  expectSame(std::get<0>(back).at(0), object);
  expectSame(std::get<1>(back).at("a"), object);
  expectSame(*std::get<2>(back).inner().as<ObjectRef>(), object);
}

TEST(CarriedObjects, passThroughConversions) {
  const auto object = reference(std::make_shared<Thing>());
  // Out of dynamics and into them.
  const Value dynamics = List{Signature::of("m"), {dynamic(object)}};
  expectSame(fromValue<std::vector<ObjectRef>>(dynamics).value().at(0), object);
  const auto wrapped = convert(object, Signature::of("+m")).value();
  expectSame(*wrapped.as<Optional>()->content->inner().as<ObjectRef>(), object);
}

}  // namespace
}  // namespace beckon::qi
