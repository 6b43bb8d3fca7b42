#pragma once

#include "xmpp/negotiation.hpp"
#include "xmpp/stream_parser.hpp"
#include "xmpp/stream_protocol.hpp"

#include <cstddef>

namespace beckon::xmpp {

// A client's stream (RFC 6120): negotiated step by step, then stanzas.
class ClientProtocol final : public StreamProtocol {
 public:
  // A server that has not proven yet that it knows the password gets no more room than this, in bytes: features and
  // SASL messages fit in many times over.
  static constexpr std::size_t largestBeforeLogin = 65536;

  // `largestReceived`, in bytes: of a stanza that comes, as StreamParser counts.
  ClientProtocol(Negotiation::Settings settings, std::size_t largestReceived);

  std::string begin(bool isSecured) override;
  void receive(std::string_view bytes) override { parser_.feed(bytes); }
  std::optional<Step> next() override;
  bool opened() const override { return opened_; }
  bool online() const override { return negotiation_.stage() == Negotiation::Stage::done; }
  std::string_view awaited() const override { return Negotiation::text(negotiation_.stage()); }
  std::string question(std::string_view id) const override;

 private:
  std::optional<Step> taken(StreamParser::Event& event);
  std::optional<Step> negotiated(Negotiation::Step step);
  Step end(run::Error why);

  std::string domain_;
  std::size_t largestReceived_;
  Negotiation negotiation_;
  StreamParser parser_;
  bool isSecured_ = false, opened_ = false, ended_ = false;
};

}  // namespace beckon::xmpp
