#pragma once

#include "core/qi/frame_parser.hpp"
#include "core/qi/limits.hpp"
#include "localbus/shared_memory.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <string>

namespace beckon::fuzz {

// Who sends what the fuzzer made, over a unix socket, to one of our programs, which runs on `io`. What our program
// sends must be messages always; its calls are remembered, so that an answer finds the call that it is for.
class LivePeer {
 public:
  LivePeer(boost::asio::io_context& io, localbus::Descriptor socket);
  // Dials what listens there.
  static LivePeer dial(boost::asio::io_context& io, const std::string& path);

  // Calls of our program that are answered at once: what it returns, if anything.
  using Helper = std::function<std::optional<qi::Bytes>(const qi::Address& called)>;
  void setHelper(Helper helper) { helper_ = std::move(helper); }
  void setReads(bool reads) { reads_ = reads; }

  // One message, or some other bytes. An answer gets the id of the oldest call to that address, if there is one. An
  // offer of shared memory comes with such memory.
  void send(qi::ByteView frame);
  // Runs everybody until nothing is left to do but to wait for the peer or for time to pass.
  void settle();
  // Says no more; then `settle` again.
  void close() { socket_ = localbus::Descriptor(); }

 private:
  bool drain();
  void heard(const qi::Message& message);
  qi::Bytes patched(qi::ByteView frame);
  void write(qi::ByteView bytes, int descriptor);

  boost::asio::io_context& io_;
  localbus::Descriptor socket_;
  qi::FrameParser parser_{qi::limits::maxPayload};
  std::multimap<std::uint32_t, qi::Address> calls_;  // of our program, by id
  Helper helper_;
  bool reads_ = true;
};

}  // namespace beckon::fuzz
