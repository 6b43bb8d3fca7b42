#pragma once

#include "tests/core/vectors.hpp"
#include "tests/localbus/raw_peer.hpp"

#include <map>
#include <set>

// A libqi program from a recording (tests/data/qi): its bytes are sent as they were, and what comes back is held
// against what libqi answered then.
namespace beckon::test {

// As a client of ours. Plays the connections `play` of the file in the order of the recording; each goes to the
// endpoint given for it and is closed at the latest when the recording ends. What differs is a failure of the test.
void replayClient(Loop& loop, const std::string& file, const std::map<int, localbus::Endpoint>& play);

// As a server of ours: whatever we ask is answered as libqi answered the same question on `connection` of the file;
// events that came between question and answer come again.
class RecordedServer {
 public:
  RecordedServer(Loop& loop, const std::string& file, int connection);
  localbus::Endpoint endpoint() const { return server_.endpoint(); }
  // Takes one connection and answers on it until `done` says so.
  void serve(const std::function<bool()>& done);

 private:
  void answer(RawPeer& peer, const Frame& question);

  Loop& loop_;
  RawServer server_;
  std::vector<qi::test::RecordedMessage> messages_;
};

}  // namespace beckon::test
