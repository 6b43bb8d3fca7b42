#include "tests/interop/recorded_program.hpp"

#include "core/qi/json.hpp"
#include "directory/service_info.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace beckon::test {
namespace {

using directory::ServiceInfo;
using qi::MessageType;
using qi::test::RecordedMessage;

std::vector<RecordedMessage> messagesOf(const std::string& file) {
  auto all = qi::test::recordedMessages();
  std::erase_if(all, [&](const auto& message) { return message.file != file; });
  if (all.empty()) throw std::invalid_argument("no recording " + file);
  return all;
}

qi::Bytes whole(const RecordedMessage& message) {
  qi::Bytes bytes = message.header;
  bytes.insert(bytes.end(), message.payload.begin(), message.payload.end());
  return bytes;
}

std::string shown(const qi::Bytes& payload, const qi::Signature& type) {
  const auto value = qi::decodeValue(payload, type);
  return value ? qi::toJsonText(*value) : "unreadable: " + value.error().cause;
}

// Every member that a program would see, with its id and signature, is there; what we do not offer yet, or never
// will, are libqi's statistics (80 to 86) and the directory's inner door (109, _socketOfService).
void expectSameMembers(const qi::MetaObject& ours, const qi::MetaObject& theirs) {
  const auto isOmitted = [](std::uint32_t id, const std::string& name) {
    return (id >= 80 && id <= 86) || name == "_socketOfService";
  };
  for (const auto& [id, method] : theirs.methods) {
    if (isOmitted(id, method.name)) continue;
    ASSERT_TRUE(ours.methods.contains(id)) << id << " " << method.name;
    EXPECT_EQ(ours.methods.at(id), method) << id << " " << method.name;
  }
  for (const auto& [id, signal] : theirs.signals) {
    if (isOmitted(id, signal.name)) continue;
    ASSERT_TRUE(ours.signals.contains(id)) << id << " " << signal.name;
    EXPECT_EQ(ours.signals.at(id), signal);
  }
  EXPECT_EQ(ours.properties, theirs.properties);
}

void expectSameAnswer(const Frame& ours, const RecordedMessage& theirs) {
  SCOPED_TRACE(theirs.name());
  const auto header = qi::Header::decode(theirs.header);
  EXPECT_EQ(ours.header.type, header.type) << ours.errorText();
  EXPECT_EQ(ours.header.flags, header.flags);
  EXPECT_EQ(ours.header.address, header.address);
  if (ours.header.type != header.type) return;
  if (header.type != MessageType::event) {
    EXPECT_EQ(ours.header.id, header.id);
  }
  const auto type = qi::Signature::of(theirs.signature);
  if (type.structName() == "MetaObject") {
    expectSameMembers(ours.as<qi::MetaObject>(), qi::decode<qi::MetaObject>(theirs.payload).value());
  } else if (type.structName() == "ServiceInfo") {  // a process and a port of today
    auto info = ours.as<ServiceInfo>();
    const auto recorded = qi::decode<ServiceInfo>(theirs.payload).value();
    EXPECT_EQ(info.name, recorded.name);
    EXPECT_EQ(info.serviceId, recorded.serviceId);
    EXPECT_EQ(info.machineId, recorded.machineId);
    EXPECT_EQ(info.endpoints.size(), 1u);
  } else if (theirs.signature == "{sm}") {
    auto map = ours.as<qi::CapabilityMap>();
    auto recorded = qi::decode<qi::CapabilityMap>(theirs.payload).value();
    map["RelativeEndpointURI"] = recorded["RelativeEndpointURI"];  // we give none
    EXPECT_EQ(shown(qi::encode(map), type), shown(qi::encode(recorded), type));
  } else if (theirs.signature == "L") {
    EXPECT_EQ(ours.payload.size(), 8u);  // the link of a subscription is the server's own affair
  } else {
    EXPECT_EQ(shown(ours.payload, type), shown(theirs.payload, type));
    EXPECT_EQ(ours.payload, theirs.payload);
  }
}

}  // namespace

void replayClient(Loop& loop, const std::string& file, const std::map<int, localbus::Endpoint>& play) {
  auto messages = messagesOf(file);
  std::erase_if(messages, [&](const auto& message) { return !play.contains(message.connection); });
  std::map<int, int> last;
  for (const auto& message : messages) last[message.connection] = message.number;
  std::map<int, RawPeer> open;
  for (const auto& message : messages) {
    // A connection that has said all may have ended when something is heard of it.
    if (qi::Header::decode(message.header).type == MessageType::event)
      std::erase_if(open, [&](const auto& peer) { return last.at(peer.first) < message.number; });
    auto& peer = open.try_emplace(message.connection, loop, play.at(message.connection)).first->second;
    if (message.fromClient) {
      peer.send(whole(message));
      continue;
    }
    const auto answer = peer.next();
    ASSERT_TRUE(answer) << message.name() << ": closed instead of an answer";
    expectSameAnswer(*answer, message);
  }
}

RecordedServer::RecordedServer(Loop& loop, const std::string& file, int connection)
    : loop_(loop), server_(loop), messages_(messagesOf(file)) {
  std::erase_if(messages_, [&](const auto& message) { return message.connection != connection; });
}

void RecordedServer::serve(const std::function<bool()>& done) {
  auto peer = server_.accept();
  while (const auto question = peer.nextUntil(done)) answer(peer, *question);
}

void RecordedServer::answer(RawPeer& peer, const Frame& question) {
  if (question.header.type != MessageType::call) return;
  // Capabilities are each side's own, and nobody needs the argument of metaObject.
  const bool byPayload = question.header.address.service != qi::serverService &&
                         question.header.address.action != qi::action::metaObject &&
                         question.header.address.action != qi::action::registerEvent;
  const auto asked = std::ranges::find_if(messages_, [&](const RecordedMessage& message) {
    return message.fromClient && qi::Header::decode(message.header).address == question.header.address &&
           (!byPayload || message.payload == question.payload);
  });
  if (asked == messages_.end()) throw std::runtime_error("the recording has no such question");
  const auto id = qi::Header::decode(asked->header).id;
  for (auto message = asked; ++message != messages_.end();) {
    if (message->fromClient) continue;
    auto header = qi::Header::decode(message->header);
    const bool isAnswer = header.type != MessageType::event && header.id == id;
    if (isAnswer) header.id = question.header.id;
    if (isAnswer || header.type == MessageType::event) peer.send(header, message->payload);
    if (isAnswer) return;
  }
}

}  // namespace beckon::test
