#include "tests/interop/comparison.hpp"

#include "core/qi/convert.hpp"
#include "core/qi/json.hpp"
#include "core/qi/value_coder.hpp"
#include "localbus/endpoint.hpp"
#include "tests/core/hex.hpp"

#include <gtest/gtest.h>

namespace beckon::test {
namespace {

using directory::ServiceInfo;
using qi::MessageType;
using qi::test::RecordedMessage;

std::string shown(qi::ByteView payload, const RecordedMessage& like) {
  const auto value = qi::decodeValue(payload, qi::Signature::of(like.signature), like.format);
  return value ? qi::toJsonText(*value) : "unreadable: " + value.error().cause;
}

void expectPayload(const qi::Bytes& ours, const qi::Bytes& expected, const RecordedMessage& theirs) {
  if (ours == expected) return;
  EXPECT_EQ(shown(ours, theirs), shown(expected, theirs));
  EXPECT_EQ(qi::test::toHex(ours), qi::test::toHex(expected));
}

// 36 characters, or "0" for the directory's own session.
bool isUuid(const std::string& text) { return text.size() == 36 && text[8] == '-' && text[23] == '-'; }

}  // namespace

bool isAnswer(MessageType type) {
  return type == MessageType::reply || type == MessageType::error || type == MessageType::canceled;
}

bool Comparison::isCounterpart(const qi::Header& ours, const qi::Header& theirs) const {
  if (isAnswer(ours.type) && isAnswer(theirs.type)) return ours.id == theirs.id;
  return ours.type == theirs.type && ours.address == ofToday(theirs).address;
}

qi::Header Comparison::ofToday(qi::Header header) const {
  header.address.object = ofToday(header.address.object);
  return header;
}

bool Comparison::isOurs(std::uint32_t object) const {
  constexpr std::uint32_t firstArgument = 0x80000000;
  return object > qi::mainObject && (object >= firstArgument) == (played_ == Played::server);
}

std::uint32_t Comparison::ofToday(std::uint32_t object) const {
  const auto known = objects_.find(object);
  return known == objects_.end() ? object : known->second;
}

void Comparison::expectSame(const Frame& ours, const RecordedMessage& theirs) {
  SCOPED_TRACE(theirs.name());
  connection_ = theirs.connection;
  const auto header = ofToday(qi::Header::decode(theirs.header));
  EXPECT_EQ(ours.header.type, header.type) << shown(ours.payload, theirs);
  EXPECT_EQ(ours.header.flags, header.flags);
  EXPECT_EQ(ours.header.version, header.version);
  EXPECT_EQ(ours.header.address, header.address);
  const auto type = qi::Signature::of(theirs.signature);
  const auto single = type.kind() == qi::Kind::tuple && type.size() == 1 ? type[0] : type;
  const bool isOfServices = header.address.service <= qi::directoryService || type.structName() == "MetaObject";
  if (isDoor_ && isOfServices) return;
  if (type.structName() == "MetaObject") return expectSameAs<qi::MetaObject>(ours, theirs);
  if (type.structName() == "ServiceInfo" || single.structName() == "ServiceInfo")
    return expectSameAs<ServiceInfo>(ours, theirs);
  if (type.sameType(qi::signatureOf<std::vector<ServiceInfo>>()))
    return expectSameAs<std::vector<ServiceInfo>>(ours, theirs);
  if (type.sameType(qi::signatureOf<qi::CapabilityMap>())) return expectSameAs<qi::CapabilityMap>(ours, theirs);
  if (type.sameType(qi::signatureOf<Statistics>())) return expectSameAs<Statistics>(ours, theirs);
  if (single.kind() == qi::Kind::object) return expectSameAs<qi::ObjectRef>(ours, theirs);
  const auto action = header.address.action;
  const bool isStandard = header.address.service != qi::serverService && action <= qi::action::setProperty;
  if (isStandard && type.sameType(qi::signatureOf<Registration>())) return expectSameAs<Registration>(ours, theirs);
  if (isStandard && type.kind() == qi::Kind::uint64) return expectSameAs<std::uint64_t>(ours, theirs);
  if (isStandard && type.sameType(qi::signatureOf<PropertyArguments>()))
    return expectSameAs<PropertyArguments>(ours, theirs);
  expectPayload(ours.payload, theirs.payload, theirs);
}

template <class T>
void Comparison::expectSameAs(const Frame& ours, const RecordedMessage& theirs) {
  const auto sent = qi::decode<T>(ours.payload, theirs.format);
  if (!sent) {
    ADD_FAILURE() << sent.error().cause << ": " << qi::test::toHex(ours.payload);
    return;
  }
  auto expected = qi::decode<T>(theirs.payload, theirs.format).value();
  adjust(expected, *sent);
  expectPayload(ours.payload, qi::encode(expected, theirs.format), theirs);
}

template <class T>
void Comparison::applyKnown(T& expected, const T& ours) {
  for (const auto& difference : knownDifferences()) {
    const auto* change = std::get_if<Change<T>>(&difference.change);
    if (!change) continue;
    const auto before = qi::encode(expected, qi::wholeObjects);
    (*change)(expected, ours);
    if (qi::encode(expected, qi::wholeObjects) != before) note(difference.kind);
  }
}

void Comparison::adjust(qi::CapabilityMap& expected, const qi::CapabilityMap& ours) { applyKnown(expected, ours); }

void Comparison::adjust(qi::MetaObject& expected, const qi::MetaObject& ours) { applyKnown(expected, ours); }

void Comparison::adjust(ServiceInfo& expected, const ServiceInfo& ours) {
  applyKnown(expected, ours);
  if (isUuid(ours.machineId) && isUuid(expected.machineId)) expected.machineId = ours.machineId;
  if (isUuid(ours.sessionId) && isUuid(expected.sessionId)) expected.sessionId = ours.sessionId;
  if (ours.objectUid.size() == expected.objectUid.size()) expected.objectUid = ours.objectUid;
  expected.processId = ours.processId;
  for (std::size_t i = 0; i < expected.endpoints.size() && i < ours.endpoints.size(); ++i) {
    const auto mine = localbus::Endpoint::parse(ours.endpoints[i]);
    const auto recorded = localbus::Endpoint::parse(expected.endpoints[i]);
    if (mine && recorded && !mine->isUnix())
      expected.endpoints[i] = localbus::Endpoint{recorded->host, mine->port}.url();
  }
}

void Comparison::adjust(std::vector<ServiceInfo>& expected, const std::vector<ServiceInfo>& ours) {
  for (std::size_t i = 0; i < expected.size() && i < ours.size(); ++i) adjust(expected[i], ours[i]);
}

void Comparison::adjust(qi::ObjectRef& expected, const qi::ObjectRef& ours) {
  EXPECT_EQ(ours.object == 0, expected.object == 0);
  if (isOurs(expected.object)) objects_.emplace(expected.object, ours.object);
  expected.object = ofToday(expected.object);
  expected.uid = ours.uid;
  if (isDoor_) expected.metaObject = ours.metaObject;
  if (!expected.metaObject || !ours.metaObject) return;
  auto metaObject = *expected.metaObject;
  adjust(metaObject, *ours.metaObject);
  expected.metaObject = std::make_shared<const qi::MetaObject>(std::move(metaObject));
}

// One link of the recording stands for one of ours, in what registers and in what ends it.
void Comparison::adjust(Registration& expected, const Registration& ours) {
  auto& link = std::get<std::uint64_t>(expected);
  const auto mine = std::get<std::uint64_t>(ours);
  EXPECT_EQ(mine >> 32, link >> 32);
  link = links_.try_emplace({connection_, link}, mine).first->second;
}

// The link that the server names: its own affair.
void Comparison::adjust(std::uint64_t& expected, const std::uint64_t& ours) { expected = ours; }

void Comparison::adjust(PropertyArguments& expected, const PropertyArguments& ours) { applyKnown(expected, ours); }
void Comparison::adjust(Statistics& expected, const Statistics& ours) { applyKnown(expected, ours); }

}  // namespace beckon::test
