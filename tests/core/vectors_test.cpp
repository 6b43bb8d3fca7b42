#include "tests/core/vectors.hpp"

#include "core/qi/frame_parser.hpp"
#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "core/qi/value_coder.hpp"
#include "tests/core/hex.hpp"
#include "tests/core/point.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <set>

namespace beckon::qi {
namespace {

using test::Point;
using test::RecordedMessage;
using test::recordedMessages;
using test::toHex;

// Decodes from a buffer that is overwritten and freed before the value is used.
run::Result<Value> decodeAndFree(const RecordedMessage& message, const Signature& type, std::size_t* left = nullptr) {
  auto input = std::make_unique<Bytes>(message.payload);
  Reader reader(*input, message.format);
  Value value = readValue(reader, type);
  if (left) *left = reader.left();
  std::ranges::fill(*input, std::uint8_t{0xA5});
  input.reset();
  if (reader.error()) return *reader.error();
  return value;
}

// Whether the value is what the other decoder noted.
bool agrees(const Value& value, const nlohmann::json& noted);

bool agrees(const std::vector<Value>& items, const nlohmann::json& noted) {
  return noted.is_array() && std::ranges::equal(items, noted, [](const Value& item, const nlohmann::json& part) {
           return agrees(item, part);
         });
}

bool agreesAsMetaObject(const Tuple& tuple, const nlohmann::json& noted) {
  const std::array parts{"methods", "signals", "properties"};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& members = tuple.items.at(i).as<Map>()->items;
    const auto& lines = noted.at(parts[i]);  // "100 name(..) -> .."
    if (!std::ranges::equal(members, lines, [i](const auto& member, const std::string& line) {
          const auto& fields = member.second.template as<Tuple>()->items;
          const auto& name = *fields.at(i == 0 ? 2 : 1).template as<std::string>();
          return line.starts_with(std::to_string(*member.first.template as<std::uint32_t>()) + " " + name);
        }))
      return false;
  }
  return true;
}

bool agrees(const ObjectRef& object, const nlohmann::json& noted) {
  const auto& meta = object.metaObject;
  return noted.at("service") == object.service && noted.at("object") == object.object &&
         noted.value("uid", std::string(40, '0')) == toHex(object.uid) &&
         noted.value("metaObjectCacheId", ObjectRef::notCached) == object.cacheId &&
         noted.value("transmitMetaObject", true) == (meta != nullptr) &&
         (!meta || noted.at("metaObject") == "<" + std::to_string(meta->methods.size()) + " methods, " +
                                                 std::to_string(meta->signals.size()) + " signals, " +
                                                 std::to_string(meta->properties.size()) + " properties>");
}

bool agrees(const Value& value, const nlohmann::json& noted) {
  return std::visit(
      [&](const auto& data) -> bool {
        using Data = std::remove_cvref_t<decltype(data)>;
        if constexpr (std::same_as<Data, Void>) {
          return noted.is_null();
        } else if constexpr (std::same_as<Data, std::string>) {
          return isUtf8(data) ? noted == data : noted.is_string();  // its notation of other bytes is its own
        } else if constexpr (std::same_as<Data, Bytes>) {
          return noted.at("raw") == toHex(data);
        } else if constexpr (std::same_as<Data, List>) {
          return agrees(data.items, noted);
        } else if constexpr (std::same_as<Data, Map>) {
          return std::ranges::equal(data.items, noted, [](const auto& item, const nlohmann::json& pair) {
            return agrees(item.first, pair.at(0)) && agrees(item.second, pair.at(1));
          });
        } else if constexpr (std::same_as<Data, Tuple>) {
          if (noted.is_array()) return agrees(data.items, noted);
          if (noted.contains("methods") && !noted["methods"].empty() && noted["methods"][0].is_string())
            return agreesAsMetaObject(data, noted);
          const auto names = value.signature().fieldNames();
          for (std::size_t i = 0; i < names.size(); ++i)
            if (!agrees(data.items[i], noted.at(names[i]))) return false;
          return !names.empty() && names.size() == noted.size();
        } else if constexpr (std::same_as<Data, Dynamic>) {
          if (!data.content) return noted.at("dyn") == "" && noted.at("v").is_null();
          return noted.at("dyn") == data.signature.text() && agrees(*data.content, noted.at("v"));
        } else if constexpr (std::same_as<Data, Optional>) {
          return data.content ? agrees(*data.content, noted) : noted.is_null();
        } else if constexpr (std::same_as<Data, ObjectRef>) {
          return agrees(data, noted);
        } else {
          return noted == data;
        }
      },
      value.data());
}

struct ServiceInfo {
  std::string name;
  std::uint32_t serviceId = 0;
  std::string machineId;
  std::uint32_t processId = 0;
  std::vector<std::string> endpoints;
  std::string sessionId, objectUid;
};

struct MinMaxSum {
  float minValue = 0, maxValue = 0, cumulatedValue = 0;
};

struct MethodStatistics {
  std::uint32_t count = 0;
  MinMaxSum wall, user, system;
};

// Decodes and encodes with the C++ type; what is wrong, or nothing.
template <class T>
std::string throughType(const RecordedMessage& message) {
  auto input = std::make_unique<Bytes>(message.payload);
  const auto value = decode<T>(*input, message.format);
  std::ranges::fill(*input, std::uint8_t{0xA5});
  input.reset();
  if (!value) return value.error().cause;
  const Bytes again = encode(*value, message.format);
  return again == message.payload ? "" : "encoded as " + toHex(again);
}

using TypedCoder = std::function<std::string(const RecordedMessage&)>;

template <class... Ts>
std::map<std::string, TypedCoder> coders() {
  return {{std::string(signatureText<Ts>()), throughType<Ts>}...};
}

}  // namespace

template <>
struct Struct<ServiceInfo> {
  using T = ServiceInfo;
  static constexpr Text name{"ServiceInfo"};
  static constexpr auto fields =
      std::tuple{Field{Text{"name"}, &T::name},           Field{Text{"serviceId"}, &T::serviceId},
                 Field{Text{"machineId"}, &T::machineId}, Field{Text{"processId"}, &T::processId},
                 Field{Text{"endpoints"}, &T::endpoints}, Field{Text{"sessionId"}, &T::sessionId},
                 Field{Text{"objectUid"}, &T::objectUid}};
};

template <>
struct Struct<MinMaxSum> {
  using T = MinMaxSum;
  static constexpr Text name{"MinMaxSum"};
  static constexpr auto fields =
      std::tuple{Field{Text{"minValue"}, &T::minValue}, Field{Text{"maxValue"}, &T::maxValue},
                 Field{Text{"cumulatedValue"}, &T::cumulatedValue}};
};

template <>
struct Struct<MethodStatistics> {
  using T = MethodStatistics;
  static constexpr Text name{"MethodStatistics"};
  static constexpr auto fields = std::tuple{Field{Text{"count"}, &T::count}, Field{Text{"wall"}, &T::wall},
                                            Field{Text{"user"}, &T::user}, Field{Text{"system"}, &T::system}};
};

namespace {

std::map<std::string, TypedCoder> typedCoders() {
  using std::int16_t, std::int32_t, std::int64_t, std::int8_t, std::map, std::optional, std::string, std::tuple,
      std::uint16_t, std::uint32_t, std::uint64_t, std::uint8_t, std::vector;
  return coders<
      Void, bool, int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t, float, double, string,
      Bytes, Value, ObjectRef, MetaObject, ServiceInfo, Point, optional<int32_t>, vector<string>, vector<int32_t>,
      vector<Value>, vector<ServiceInfo>, map<string, int32_t>, map<string, Value>, map<uint32_t, MethodStatistics>,
      // arguments
      tuple<>, tuple<bool>, tuple<int8_t>, tuple<uint8_t>, tuple<int16_t>, tuple<uint16_t>, tuple<int32_t>,
      tuple<uint32_t>, tuple<int64_t>, tuple<uint64_t>, tuple<float>, tuple<double>, tuple<string>, tuple<Bytes>,
      tuple<Value>, tuple<ObjectRef>, tuple<ServiceInfo>, tuple<Point>, tuple<optional<int32_t>>,
      tuple<vector<int32_t>>, tuple<vector<Value>>, tuple<map<string, int32_t>>, tuple<int32_t, int32_t>,
      tuple<int32_t, string>, tuple<uint32_t, string>, tuple<Value, Value>, tuple<uint32_t, uint32_t, uint64_t>,
      tuple<bool, int32_t, float, double, string, vector<string>, map<string, Value>>>();
}

// What comes out of the parser when the stream arrives in pieces of the sizes that `nextSize` gives.
std::vector<Bytes> cut(const Bytes& stream, const std::function<std::size_t()>& nextSize) {
  FrameParser parser(limits::maxPayload);
  std::vector<Bytes> messages;
  for (std::size_t at = 0; at < stream.size();) {
    const auto room = parser.room();
    const std::size_t size = std::min({nextSize(), room.size(), stream.size() - at});
    std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(at), size, room.begin());
    parser.filled(size);
    at += size;
    for (;;) {
      const auto next = parser.next();
      EXPECT_TRUE(next) << next.error().cause;
      if (!next || !*next) break;
      const auto header = (*next)->header.encode();
      Bytes& message = messages.emplace_back(header.begin(), header.end());
      message.insert(message.end(), (*next)->payload.begin(), (*next)->payload.end());
    }
  }
  EXPECT_EQ(parser.pending(), 0u);
  return messages;
}

TEST(RecordedMessages, areAllHere) {
  const auto messages = recordedMessages();
  EXPECT_EQ(messages.size(), 834u);
  EXPECT_EQ(std::ranges::count_if(messages, [](const auto& message) { return !message.payload.empty(); }), 733);
}

TEST(RecordedMessages, coverAllThreeFormatsOfObjects) {
  std::set<std::pair<bool, bool>> formats;
  for (const auto& message : recordedMessages())
    if (message.signature.find('o') != std::string::npos && message.signature.find('<') == std::string::npos)
      formats.emplace(message.format.metaObjectCache, message.format.uid);
  EXPECT_EQ(formats, (std::set<std::pair<bool, bool>>{{false, true}, {true, true}, {false, false}}));
}

TEST(RecordedMessages, haveHeadersThatEncodeToTheSameBytes) {
  for (const auto& message : recordedMessages()) {
    const Header header = Header::decode(message.header);
    EXPECT_EQ(header.payloadSize, message.payload.size()) << message.name();
    EXPECT_EQ(toHex(header.encode()), toHex(message.header)) << message.name();
  }
}

TEST(RecordedMessages, decodeToTheLastByteAndEncodeFromTheValueAlone) {
  for (const auto& message : recordedMessages()) {
    const auto type = Signature::of(message.signature);
    EXPECT_EQ(type.text(), message.signature);
    std::size_t left = 0;
    const auto value = decodeAndFree(message, type, &left);
    ASSERT_TRUE(value) << message.name() << ": " << value.error().cause;
    EXPECT_EQ(left, 0u) << message.name();
    EXPECT_TRUE(value->signature().sameType(type)) << message.name();
    EXPECT_EQ(toHex(encodeValue(*value, message.format)), toHex(message.payload)) << message.name();
  }
}

TEST(RecordedMessages, holdTheValuesThatAnotherDecoderRead) {
  for (const auto& message : recordedMessages()) {
    const auto value = decodeAndFree(message, Signature::of(message.signature));
    ASSERT_TRUE(value) << message.name();
    EXPECT_TRUE(agrees(*value, message.decoded)) << message.name() << ": " << toJsonText(*value);
  }
}

TEST(RecordedMessages, comeBackFromJsonAsTheSameBytes) {
  for (const auto& message : recordedMessages()) {
    const auto type = Signature::of(message.signature);
    const auto text = toJsonText(decodeAndFree(message, type).value());
    const auto json = parseJson(text);
    ASSERT_TRUE(json) << message.name() << ": " << text;
    const auto value = fromJson(*json, type);
    ASSERT_TRUE(value) << message.name() << ": " << value.error().cause;
    EXPECT_EQ(toHex(encodeValue(*value, message.format)), toHex(message.payload)) << message.name() << ": " << text;
  }
}

TEST(RecordedMessages, areTheSameBytesThroughCppTypes) {
  const auto coders = typedCoders();
  for (const auto& message : recordedMessages()) {
    const auto coder = coders.find(message.signature);
    ASSERT_NE(coder, coders.end()) << "no C++ type for " << message.signature;
    EXPECT_EQ(coder->second(message), "") << message.name();
  }
}

TEST(RecordedMessages, areCutFromTheirStreamHoweverItArrives) {
  std::map<std::tuple<std::string, int, bool>, std::vector<Bytes>> streams;
  for (const auto& message : recordedMessages()) {
    Bytes whole = message.header;
    whole.insert(whole.end(), message.payload.begin(), message.payload.end());
    streams[{message.file, message.connection, message.fromClient}].push_back(std::move(whole));
  }
  std::mt19937 random(1);
  for (const auto& [key, messages] : streams) {
    Bytes stream;
    for (const auto& message : messages) stream.insert(stream.end(), message.begin(), message.end());
    EXPECT_EQ(cut(stream, [&] { return stream.size(); }), messages) << std::get<0>(key);
    EXPECT_EQ(cut(stream, [] { return std::size_t{1}; }), messages) << std::get<0>(key);
    EXPECT_EQ(cut(stream, [&] { return 1 + random() % 600; }), messages) << std::get<0>(key);
  }
}

}  // namespace
}  // namespace beckon::qi
