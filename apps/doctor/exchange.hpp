#pragma once

#include "apps/doctor/stream.hpp"
#include "core/qi/capabilities.hpp"
#include "core/qi/frame_parser.hpp"
#include "localbus/handshake.hpp"

namespace beckon::doctor {

// qi over a Stream, one question after the other: each step can be told by itself, with the peer's own words.
class Exchange {
 public:
  struct Answer {
    qi::Header header;
    qi::Bytes payload;
    qi::Message message() const { return {header, payload}; }
  };

  explicit Exchange(Stream& stream) : stream_(stream) {}

  // The answer, be it a Reply or an Error; what else comes is passed over. Errors: timedOut, connectionLost,
  // protocolError (it is not qi: the stream's greeting() tells what).
  asio::awaitable<run::Result<Answer>> call(qi::Address to, qi::Bytes payload, Deadline until);
  asio::awaitable<run::Result<>> send(qi::MessageType type, qi::Address to, const qi::Bytes& payload, Deadline until);
  // After authentication: messages may be as large as this computer takes them.
  void trust() { parser_.setMaxPayload(qi::limits::maxPayload); }

 private:
  Stream& stream_;
  qi::FrameParser parser_;
  std::uint32_t lastId_ = 0;
};

// What came of authentication.
struct Login {
  qi::CapabilityMap told;             // by the peer, of itself
  std::optional<run::Error> refused;  // it does not let us in
  std::string words;                  // of the peer, as it refused
  int rounds = 0;                     // in which it asked for more
  bool isWithout = false;             // it knows no authentication: older than that
};

// Errors: those of Exchange::call().
asio::awaitable<run::Result<Login>> logIn(Exchange& peer, qi::CapabilityMap credentials,
                                          localbus::CredentialSource more, Deadline until);

}  // namespace beckon::doctor
