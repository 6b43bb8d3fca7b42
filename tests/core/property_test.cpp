#include "core/qi/convert.hpp"
#include "core/qi/json.hpp"
#include "core/qi/value_coder.hpp"
#include "tests/core/hex.hpp"
#include "tests/core/random_value.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>

namespace beckon::qi {
namespace {

constexpr int rounds = 2000;
constexpr int depth = 5;

// A new seed each time, printed where a test fails; BECKON_SEED=<number> repeats it.
class Property : public testing::Test {
 protected:
  static unsigned chooseSeed() {
    if (const char* given = std::getenv("BECKON_SEED")) return static_cast<unsigned>(std::strtoul(given, nullptr, 10));
    return std::random_device()();
  }
  const unsigned seed = chooseSeed();
  testing::ScopedTrace trace{__FILE__, __LINE__, "BECKON_SEED=" + std::to_string(seed)};
  std::mt19937 random{seed};
};

TEST_F(Property, everySignatureComesBackFromItsText) {
  for (int i = 0; i < rounds; ++i) {
    const auto type = test::randomSignature(random, depth);
    const auto again = Signature::parse(type.text());
    ASSERT_TRUE(again) << type.text() << ": " << again.error().cause;
    ASSERT_EQ(again->text(), type.text());
    ASSERT_EQ(again->minSize(), type.minSize()) << type.text();
    ASSERT_TRUE(again->sameType(type)) << type.text();
  }
}

TEST_F(Property, everyValueComesBackFromItsBytes) {
  for (int i = 0; i < rounds; ++i) {
    // Without the cache the meta object always travels, and the cache's id never does.
    const ObjectFormat format{.metaObjectCache = random() % 2 == 0, .uid = random() % 2 == 0};
    const auto type = test::randomSignature(random, depth);
    const auto value = test::randomValue(random, type, depth);
    const Bytes bytes = encodeValue(value, format);
    ASSERT_GE(bytes.size(), type.minSize()) << type.text();
    Reader reader(bytes, format);
    const Value again = readValue(reader, type);
    ASSERT_TRUE(reader.ok()) << type.text() << ": " << reader.error()->cause;
    ASSERT_EQ(reader.left(), 0u) << type.text();
    ASSERT_EQ(test::toHex(encodeValue(again, format)), test::toHex(bytes)) << type.text();
  }
}

TEST_F(Property, everyValueComesBackFromItsJson) {
  for (int i = 0; i < rounds; ++i) {
    const auto type = test::randomSignature(random, depth);
    const auto value = test::randomValue(random, type, depth);
    const auto text = toJsonText(value);
    const auto json = parseJson(text);
    ASSERT_TRUE(json) << text;
    const auto again = fromJson(*json, type);
    ASSERT_TRUE(again) << type.text() << ' ' << text << ": " << again.error().cause;
    ASSERT_EQ(test::toHex(encodeValue(*again, wholeObjects)), test::toHex(encodeValue(value, wholeObjects)))
        << type.text() << ' ' << text;
  }
}

TEST_F(Property, everyValueFitsItsOwnTypeAndADynamic) {
  for (int i = 0; i < rounds; ++i) {
    const auto type = test::randomSignature(random, depth);
    const auto value = test::randomValue(random, type, depth);
    const auto same = convert(value, type);
    ASSERT_TRUE(same) << type.text() << ": " << same.error().cause;
    ASSERT_EQ(test::toHex(encodeValue(*same, wholeObjects)), test::toHex(encodeValue(value, wholeObjects)))
        << type.text();
    ASSERT_TRUE(convert(value, Signature::of("m")));
    ASSERT_TRUE(defaultValue(type)) << type.text();
  }
}

TEST_F(Property, noDamagedMessageIsReadBeyondItsEnd) {
  for (int i = 0; i < rounds; ++i) {
    const auto type = test::randomSignature(random, depth);
    Bytes bytes = encodeValue(test::randomValue(random, type, depth));
    if (bytes.empty()) continue;
    for (std::size_t flips = 1 + random() % 4; flips > 0; --flips) bytes[random() % bytes.size()] ^= 1u << random() % 8;
    bytes.resize(bytes.size() - random() % (bytes.size() + 1));
    const Bytes damaged(bytes.begin(), bytes.end());  // no spare capacity behind it
    if (const auto value = decodeValue(damaged, type)) {
      ASSERT_TRUE(decodeValue(encodeValue(*value), type)) << type.text();
    }
  }
}

}  // namespace
}  // namespace beckon::qi
