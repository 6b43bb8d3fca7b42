#include "xmpp/responder.hpp"

#include <utility>

namespace beckon::xmpp {

Element iqStanza(std::string_view type, std::string_view id, std::string_view to) {
  Element out("iq", std::string(ns::client));
  out.set("type", type).set("id", id);
  if (!to.empty()) out.set("to", to);
  return out;
}

struct IqReply::State {
  std::weak_ptr<Line> line;
  std::string to, id, from;  // of the answer
  bool answered = false;

  State(std::weak_ptr<Line> line_, std::string to_, std::string id_, std::string from_)
      : line(std::move(line_)), to(std::move(to_)), id(std::move(id_)), from(std::move(from_)) {}
  ~State() { error({"wait", "internal-server-error", "", "", ""}); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<Line> open() const { return answered ? nullptr : line.lock(); }

  void result(const Element* payload) {
    const auto out = open();
    answered = true;
    if (!out) return;
    auto stanza = answer("result");
    if (payload) stanza.add(*payload);
    const auto sent = (*out)(stanza);
    if (sent) return;
    answered = sent.error().code == run::Code::connectionLost;
    error(StanzaError::from(sent.error()));
  }

  void error(const StanzaError& why) {
    const auto out = open();
    answered = true;
    // If even that cannot be sent, the asker's deadline ends it.
    if (out) static_cast<void>((*out)(answer("error").add(why.element())));
  }

  Element answer(std::string_view type) const {
    auto stanza = iqStanza(type, id, to);
    if (!from.empty()) stanza.set("from", from);
    return stanza;
  }
};

void IqReply::result(Element payload) const { state_->result(&payload); }
void IqReply::result() const { state_->result(nullptr); }
void IqReply::error(const StanzaError& error) const { state_->error(error); }
void IqReply::error(const run::Error& error) const { state_->error(StanzaError::from(error)); }
bool IqReply::open() const { return state_->open() != nullptr; }

void Responder::handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler) {
  handlers_.insert_or_assign({std::string(type), std::string(name), std::string(xmlns)}, std::move(handler));
}

void Responder::received(const Element& iq, const Jid& from, bool familiar, const std::weak_ptr<IqReply::Line>& line,
                         const Jid& to) {
  const auto type = iq.attribute("type");
  const IqReply reply(std::make_shared<IqReply::State>(line, std::string(iq.attribute("from")),
                                                       std::string(iq.attribute("id")), to.text()));
  // RFC 6120 section 8.2.3: get and set have exactly one child.
  if ((type != "get" && type != "set") || iq.children.size() != 1)
    return reply.error(familiar ? badRequest : serviceUnavailable);
  const auto& payload = iq.children.front();
  const auto found = handlers_.find({std::string(type), payload.name, payload.xmlns});
  if (found == handlers_.end()) return reply.error(serviceUnavailable);
  const auto handler = found->second;  // it may replace itself
  handler({from, payload, to}, reply);
}

}  // namespace beckon::xmpp
