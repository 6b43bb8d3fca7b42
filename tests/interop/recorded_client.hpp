#pragma once

#include "tests/interop/comparison.hpp"

#include <deque>
#include <functional>

namespace beckon::test {

// A libqi program from a recording (tests/data/qi) as a client of ours: its bytes are sent as they were, in the order
// of the recording, and each message of ours is held against what libqi sent there.
class RecordedClient {
 public:
  // Plays those connections of the file, each to the endpoint given for it.
  RecordedClient(Loop& loop, const std::string& file, std::map<int, localbus::Endpoint> play);

  // What a program of ours does of its own accord just before that message of the recording.
  void before(int number, std::function<void()> act) { acts_[number] = std::move(act); }
  // The endpoints are a door's before the services.
  void throughADoor() { comparison_.leaveOutWhatADoorSays(); }
  // The whole recording. Throws where ours cannot go on as libqi did.
  Differences play();

 private:
  using Step = qi::test::RecordedMessage;
  struct Peer {
    RawPeer raw;
    std::deque<Frame> early = {};                       // arrived before their turn
    std::map<std::uint32_t, std::uint32_t> calls = {};  // our ids of calls to the client, by the recorded ones
    bool hasEnded = false;
  };

  void speak(Peer& peer, const Step& step);
  void hear(Peer& peer, std::size_t at);
  void end(Peer& peer, const Step& step);
  bool comesLater(const Frame& frame, std::size_t at) const;

  Loop& loop_;
  std::map<int, localbus::Endpoint> endpoints_;
  std::vector<Step> steps_;
  std::map<int, std::function<void()>> acts_;
  std::map<int, Peer> peers_;
  Comparison comparison_{Played::client};
};

// The same in one call.
Differences replayClient(Loop& loop, const std::string& file, const std::map<int, localbus::Endpoint>& play);

}  // namespace beckon::test
