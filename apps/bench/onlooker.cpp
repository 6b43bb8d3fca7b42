#include "apps/bench/onlooker.hpp"

#include <utility>

namespace beckon::bench {

Onlooker::Onlooker(boost::asio::any_io_executor executor, xmpp::ClientStreamConfig account, Events events, run::Log log)
    : self_(account.account), events_(std::move(events)) {
  account.resource = "bench";
  stream_ = xmpp::makeClientStream(std::move(executor), std::move(account), std::move(log));
}

void Onlooker::start() {
  stream_->start({.online =
                      [this](const xmpp::Jid&) {
                        isOnline_ = true;
                        if (const auto sent = stream_->send(xmpp::Element("presence", std::string(xmpp::ns::client)));
                            !sent)
                          events_.closed(sent.error());
                      },
                  .stanza = [this](const xmpp::Element& stanza) { received(stanza); },
                  .closed =
                      [this](const run::Error& why) {
                        isOnline_ = false;
                        events_.closed(why);
                      }});
}

void Onlooker::received(const xmpp::Element& stanza) {
  if (stanza.name != "presence") return;
  const auto from = xmpp::Jid::parse(stanza.attribute("from"));
  if (!from || from->bare() == self_) return;
  const auto type = stanza.attribute("type");
  if (type.empty())
    present_.insert(from->bare());
  else if (type == "unavailable")
    present_.erase(from->bare());
  events_.seen(from->bare());
}

}  // namespace beckon::bench
