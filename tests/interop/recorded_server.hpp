#pragma once

#include "tests/interop/comparison.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace beckon::test {

// libqi's directories and services from a recording (tests/data/qi) as servers of ours, in its order: each message that
// our program sends is held against what libqi's program sent there, then comes what libqi answered, the ports and
// endpoints in it those of today.
class RecordedServer {
 public:
  RecordedServer(Loop& loop, const std::string& file);

  // Where the server listens that had that port in the recording.
  localbus::Endpoint at(std::uint16_t port) const;
  bool has(std::uint16_t port) const { return servers_.contains(port); }
  // Plays the whole recording to `program`. Throws where that does not go on as libqi's did.
  Differences play(boost::asio::awaitable<void> program);

 private:
  using Step = qi::test::RecordedMessage;
  struct Peer {
    RawPeer raw;
    std::map<std::uint32_t, std::uint32_t> calls = {};  // our ids of calls, by the recorded ones
    bool hasEnded = false;
  };

  void playSteps();
  void hear(Peer& peer, const Step& step);
  void speak(Peer& peer, const Step& step);
  void end(Peer& peer, const Step& step);
  qi::Bytes payloadOfToday(const Step& step) const;

  Loop& loop_;
  qi::test::Recording recording_;
  std::map<std::uint16_t, RawServer> servers_;  // by recorded port
  std::map<int, Peer> peers_;
  Comparison comparison_{Played::server};
};

}  // namespace beckon::test
