#include "tests/interop/recorded_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace beckon::test {
namespace {

using directory::ServiceInfo;
using qi::MessageType;

// libqi asks for it once it is connected; we have no use for it.
bool isMachineId(const qi::test::RecordedMessage& step) {
  return step.tcp.empty() && qi::Header::decode(step.header).address == qi::Address{qi::directoryService, 1, 108};
}

}  // namespace

RecordedServer::RecordedServer(Loop& loop, const std::string& file)
    : loop_(loop), recording_(qi::test::recording(file)) {
  for (const auto& [connection, port] : recording_.ports) servers_.try_emplace(port, loop);
}

localbus::Endpoint RecordedServer::at(std::uint16_t port) const { return servers_.at(port).endpoint(); }

Differences RecordedServer::play(boost::asio::awaitable<void> program) {
  bool ended = false;
  std::exception_ptr problem;
  boost::asio::co_spawn(loop_.io, std::move(program), [&](std::exception_ptr thrown) {
    problem = thrown;
    ended = true;
  });
  try {
    playSteps();
  } catch (const std::exception&) {
    if (problem) std::rethrow_exception(problem);  // it says better what went wrong
    throw;
  }
  if (!loop_.runUntil([&] { return ended; })) throw std::runtime_error("the program goes on after the recording's end");
  if (problem) std::rethrow_exception(problem);
  return comparison_.seen();
}

void RecordedServer::playSteps() {
  for (const auto& step : recording_.steps) {
    if (step.tcp == "SYN") {
      peers_.emplace(step.connection, Peer{servers_.at(recording_.ports.at(step.connection)).accept()});
    } else if (step.tcp == "FIN") {
      end(peers_.at(step.connection), step);
    } else if (isMachineId(step)) {
      comparison_.note(Difference::machineIdNotAsked);
    } else if (step.fromClient) {
      hear(peers_.at(step.connection), step);
    } else {
      speak(peers_.at(step.connection), step);
    }
  }
}

void RecordedServer::hear(Peer& peer, const Step& step) {
  const auto frame = peer.raw.next();
  if (!frame) throw std::runtime_error(step.name() + ": closed instead of a message");
  const auto theirs = qi::Header::decode(step.header);
  auto expected = step;
  if (theirs.type == MessageType::cancel)  // names a call by its id
    expected.payload = qi::encode(peer.calls.at(qi::decode<std::uint32_t>(step.payload).value()));
  comparison_.expectSame(*frame, expected);
  if (frame->header.address != comparison_.ofToday(theirs).address)
    throw std::runtime_error(step.name() + ": another message");
  if (theirs.type == MessageType::call) {
    peer.calls[theirs.id] = frame->header.id;
  } else if (theirs.type == MessageType::reply || theirs.type == MessageType::error) {
    EXPECT_EQ(frame->header.id, theirs.id) << step.name();
  }
}

void RecordedServer::speak(Peer& peer, const Step& step) {
  auto header = comparison_.ofToday(qi::Header::decode(step.header));
  if (isAnswer(header.type)) header.id = peer.calls.at(header.id);
  peer.raw.send(header, payloadOfToday(step));
}

// Who says farewell first is the recording's choice.
void RecordedServer::end(Peer& peer, const Step& step) {
  if (step.fromClient) {
    EXPECT_TRUE(peer.raw.closes()) << step.name() << ": a message more than libqi sent";
    peer.hasEnded = true;
  } else if (peer.hasEnded) {
    peer.raw.close();
  } else {
    peer.raw.shutdownSend();
  }
}

// Services are where they listen now.
qi::Bytes RecordedServer::payloadOfToday(const Step& step) const {
  const auto move = [&](ServiceInfo& info) {
    for (auto& url : info.endpoints)
      if (const auto recorded = localbus::Endpoint::parse(url); recorded && servers_.contains(recorded->port))
        url = at(recorded->port).url();
  };
  const auto type = qi::Signature::of(step.signature);
  if (type.structName() == "ServiceInfo") {
    auto info = qi::decode<ServiceInfo>(step.payload).value();
    move(info);
    return qi::encode(info);
  }
  if (type.sameType(qi::signatureOf<std::vector<ServiceInfo>>())) {
    auto infos = qi::decode<std::vector<ServiceInfo>>(step.payload).value();
    for (auto& info : infos) move(info);
    return qi::encode(infos);
  }
  return step.payload;
}

}  // namespace beckon::test
