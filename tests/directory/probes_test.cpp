#include "tests/core/hex.hpp"
#include "tests/directory/bus.hpp"
#include "tests/support/places.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

// Odd input that was sent to libqi's directory by hand (tests/data/qi/probes_*.json) is sent to ours: the answers
// have to be the same, byte by byte where they do not name a process or a port.
namespace beckon::directory {
namespace {

using localbus::AuthDecision;
using qi::MessageType;
using qi::test::fromHex;
using qi::test::toHex;
using test::Bus;
using test::Frame;
using test::RawPeer;

// Where the refusal is the same but its text is ours.
const std::set<std::string> ownTexts = {"empty-string URL endpoint / non-URI endpoint in registerService"};
// libqi lets everybody end everything; a registration here belongs to its connection.
const std::set<std::string> notClaimed = {"unregisterService(1): any client may remove the directory entry itself"};

// As the recorded directory that enforced it.
AuthDecision naoWithSecret(const qi::CapabilityMap& credentials) {
  const auto is = [&](const char* key, const std::string& wanted) {
    const auto found = credentials.find(key);
    return found != credentials.end() && qi::fromValue<std::string>(found->second).value() == wanted;
  };
  if (!credentials.contains("user")) return {AuthDecision::State::refused, {}, "missing user"};
  if (!is("user", "nao") || !is("token", "secret")) return {AuthDecision::State::refused, {}, "wrong token"};
  return {};
}

Frame frameOf(const qi::Bytes& bytes) {
  return {qi::Header::decode(bytes), {bytes.begin() + qi::Header::size, bytes.end()}};
}

// Everything of a service but what is of the day.
void expectSameService(ServiceInfo ours, const ServiceInfo& theirs) {
  EXPECT_EQ(ours.endpoints.size(), 1u);  // theirs are relative too
  ours.endpoints = theirs.endpoints;
  ours.processId = theirs.processId;
  EXPECT_EQ(ours, theirs);
}

void expectSameCapabilities(qi::CapabilityMap ours, qi::CapabilityMap theirs) {
  // The one that differs: we give no relative endpoints.
  ours["RelativeEndpointURI"] = theirs["RelativeEndpointURI"];
  EXPECT_EQ(toHex(qi::encode(ours)), toHex(qi::encode(theirs)));
}

void expectSame(const std::string& probe, const Frame& ours, const Frame& theirs) {
  EXPECT_EQ(ours.header.type, theirs.header.type);
  EXPECT_EQ(ours.header.flags, theirs.header.flags);
  EXPECT_EQ(ours.header.address, theirs.header.address);
  const auto action = ours.header.address.action;
  const auto isDirectory = ours.header.address.service == qi::directoryService;
  if (theirs.header.type == MessageType::capability) {
    expectSameCapabilities(ours.as<qi::CapabilityMap>(), theirs.as<qi::CapabilityMap>());
    return;
  }
  EXPECT_EQ(ours.header.id, theirs.header.id);
  if (theirs.header.type == MessageType::error) {
    if (!ownTexts.contains(probe)) {
      EXPECT_EQ(ours.errorText(), theirs.errorText());
    }
  } else if (!isDirectory && theirs.payload.size() > 32) {
    expectSameCapabilities(ours.as<qi::CapabilityMap>(), theirs.as<qi::CapabilityMap>());
  } else if (isDirectory && theirs.header.flags == 0 && action == test::member::service) {
    expectSameService(ours.as<ServiceInfo>(), theirs.as<ServiceInfo>());
  } else if (isDirectory && theirs.header.flags != 0 && action != test::member::machineId) {
    const auto one = ours.as<qi::Value>(), other = theirs.as<qi::Value>();
    EXPECT_EQ(one.as<qi::Dynamic>()->signature, other.as<qi::Dynamic>()->signature);
    const bool isList = action == test::member::services;
    const auto service = [&](const qi::Value& value) {
      if (isList) return qi::fromValue<std::vector<ServiceInfo>>(value).value().at(0);
      return qi::fromValue<ServiceInfo>(value).value();
    };
    expectSameService(service(one), service(other));
  } else {
    EXPECT_EQ(toHex(ours.payload), toHex(theirs.payload));
  }
}

// Nothing more has come, and the connection is in use.
void expectQuiet(RawPeer& peer) {
  peer.send({0xABCD, 0, 0, MessageType::call, 0, {0x7777, 1, 1}});
  const auto answer = peer.next();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header.id, 0xABCDu);
  EXPECT_EQ(answer->errorText(), "The call request could not be handled.");
}

void replay(const nlohmann::json& probe, localbus::Authenticator authenticator) {
  const std::string name = probe.at("probe");
  SCOPED_TRACE(name);
  Bus bus(std::move(authenticator));
  RawPeer peer(bus.loop, bus.endpoint);
  bool closed = false;
  for (const auto& step : probe.at("log")) {
    if (step.at("dir") == "C->S") {
      peer.send(fromHex(step.at("hex").get<std::string>()));
    } else if (step.contains("hex")) {
      const auto answer = peer.next();
      ASSERT_TRUE(answer) << "closed instead of an answer";
      expectSame(name, *answer, frameOf(fromHex(step.at("hex").get<std::string>())));
    } else if (step.at("event") == "closed") {
      EXPECT_TRUE(peer.closes());
      closed = true;
    } else {
      expectQuiet(peer);
    }
  }
  // The two that end with what libqi does not survive well: tests/localbus/hostile_test.cpp has their like.
  const bool refused =
      !probe.at("log").empty() && probe.at("log").back().value("error_text", "").starts_with("Authentication failed");
  if (closed || refused || name.starts_with("2 GB"))
    EXPECT_TRUE(closed || peer.closes());
  else
    expectQuiet(peer);
}

void replayAll(const std::string& file, const localbus::Authenticator& authenticator, std::size_t expected) {
  std::ifstream stream(beckon::test::sourceFolder() / "tests/data/qi" / file);
  const auto recorded = nlohmann::json::parse(stream);
  std::size_t replayed = 0;
  for (const auto& probe : recorded.at("probes")) {
    if (probe.at("log").empty() || notClaimed.contains(probe.at("probe"))) continue;
    replay(probe, authenticator);
    ++replayed;
  }
  EXPECT_EQ(replayed, expected);
}

TEST(RecordedProbes, areAnsweredAsLibqiAnswersThem) { replayAll("probes_noauth.json", {}, 25); }
TEST(RecordedProbes, areAnsweredAsLibqiAnswersThemWhereItAuthenticates) {
  replayAll("probes_auth.json", naoWithSecret, 25);
}
TEST(RecordedProbes, ofPeersWithAnOlderServiceInfoAreAnsweredAsLibqiAnswersThem) {
  replayAll("probes_oldserviceinfo.json", {}, 6);
}

}  // namespace
}  // namespace beckon::directory
