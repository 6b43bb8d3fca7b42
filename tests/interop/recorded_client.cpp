#include "tests/interop/recorded_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace beckon::test {
namespace {

bool isCall(const qi::Header& header) { return header.type == qi::MessageType::call; }

}  // namespace

RecordedClient::RecordedClient(Loop& loop, const std::string& file, std::map<int, localbus::Endpoint> play)
    : loop_(loop), endpoints_(std::move(play)), steps_(qi::test::recording(file).steps) {
  std::erase_if(steps_, [&](const Step& step) { return !endpoints_.contains(step.connection); });
}

Differences RecordedClient::play() {
  for (std::size_t at = 0; at < steps_.size(); ++at) {
    const auto& step = steps_[at];
    if (const auto act = acts_.find(step.number); act != acts_.end()) act->second();
    if (step.tcp == "SYN") {
      peers_.emplace(step.connection, Peer{RawPeer(loop_, endpoints_.at(step.connection))});
      continue;
    }
    auto& peer = peers_.at(step.connection);
    if (step.tcp == "FIN")
      end(peer, step);
    else if (step.fromClient)
      speak(peer, step);
    else
      hear(peer, at);
  }
  return comparison_.seen();
}

void RecordedClient::speak(Peer& peer, const Step& step) {
  auto header = comparison_.ofToday(qi::Header::decode(step.header));
  if (isAnswer(header.type)) header.id = peer.calls.at(header.id);
  peer.raw.send(header, step.payload);
}

void RecordedClient::hear(Peer& peer, std::size_t at) {
  const auto& step = steps_[at];
  const auto theirs = qi::Header::decode(step.header);
  const auto found = std::ranges::find_if(
      peer.early, [&](const Frame& frame) { return comparison_.isCounterpart(frame.header, theirs); });
  std::optional<Frame> frame;
  if (found != peer.early.end()) {
    frame = std::move(*found);
    peer.early.erase(found);
  }
  while (!frame) {
    frame = peer.raw.next();
    if (!frame) throw std::runtime_error(step.name() + ": closed instead of a message");
    if (comparison_.isCounterpart(frame->header, theirs) || !comesLater(*frame, at)) break;
    comparison_.note(Difference::otherOrder);
    peer.early.push_back(std::move(*frame));
    frame.reset();
  }
  if (isCall(theirs)) peer.calls[theirs.id] = frame->header.id;
  comparison_.expectSame(*frame, step);
  if (!comparison_.isCounterpart(frame->header, theirs)) throw std::runtime_error(step.name() + ": another message");
}

bool RecordedClient::comesLater(const Frame& frame, std::size_t at) const {
  return std::any_of(steps_.begin() + static_cast<std::ptrdiff_t>(at) + 1, steps_.end(), [&](const Step& step) {
    return step.connection == steps_[at].connection && step.tcp.empty() && !step.fromClient &&
           comparison_.isCounterpart(frame.header, qi::Header::decode(step.header));
  });
}

// Who says farewell first is the recording's choice.
void RecordedClient::end(Peer& peer, const Step& step) {
  if (!step.fromClient) {
    EXPECT_TRUE(peer.early.empty() && peer.raw.closes()) << step.name() << ": a message more than libqi sent";
    peer.hasEnded = true;
  } else if (!peer.hasEnded) {
    peer.raw.shutdownSend();
  }
}

Differences replayClient(Loop& loop, const std::string& file, const std::map<int, localbus::Endpoint>& play) {
  return RecordedClient(loop, file, play).play();
}

}  // namespace beckon::test
