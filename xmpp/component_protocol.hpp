#pragma once

#include "xmpp/stream_parser.hpp"
#include "xmpp/stream_protocol.hpp"

#include <cstddef>

namespace beckon::xmpp {

// A component's stream (XEP-0114).
class ComponentProtocol final : public StreamProtocol {
 public:
  static constexpr std::string_view xmlns = "jabber:component:accept";

  ComponentProtocol(Jid domain, std::string secret, std::size_t largestStanza);
  ~ComponentProtocol() override;

  std::string begin(bool isSecured) override;
  void receive(std::string_view bytes) override { parser_.feed(bytes); }
  std::optional<Step> next() override;
  bool opened() const override { return stage_ != Stage::opening; }
  bool online() const override { return stage_ == Stage::online; }
  std::string_view awaited() const override;

 private:
  enum class Stage { opening, authenticating, online };

  std::optional<Step> headerCame(const Element& header);
  Step received(Element element);
  Step end(run::Error why);
  run::Error meaning(const Element& error) const;

  Jid domain_;
  std::string secret_;
  std::size_t largestStanza_;
  StreamParser parser_;
  Stage stage_ = Stage::opening;
  bool ended_ = false;
};

}  // namespace beckon::xmpp
