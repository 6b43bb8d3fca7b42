#pragma once

#include "tests/core/vectors.hpp"
#include "tests/localbus/raw_peer.hpp"

// A libqi program from a recording (tests/data/qi) as a server of ours that knows no order: whatever we ask is answered
// as libqi answered the same question on `connection` of the file; events that came between question and answer come
// again. RecordedServer, which holds our messages against the recording's, wants them in its order.
namespace beckon::test {

class RecordedAnswers {
 public:
  RecordedAnswers(Loop& loop, const std::string& file, int connection);
  localbus::Endpoint endpoint() const { return server_.endpoint(); }
  // Takes one connection and answers on it until `done` says so.
  void serve(const std::function<bool()>& done);

 private:
  void answer(RawPeer& peer, const Frame& question);

  RawServer server_;
  std::vector<qi::test::RecordedMessage> messages_;
};

}  // namespace beckon::test
