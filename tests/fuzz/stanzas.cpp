// What a server, contacts and strangers can send to a client that is online, in any shape and order.
// Input: stanzas, separated by zero bytes. An empty one ends the stream. An id '?0' stands for that of the request that
// the client sent last, '?1' for the one before it, and so on.
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/parse.hpp"
#include "tests/support/memory_stream.hpp"
#include "xmpp/client.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <set>

using namespace beckon::xmpp;
using beckon::fuzz::check;
using beckon::test::MemoryServer;
using beckon::test::MemoryStream;

namespace {

const Jid self = *Jid::parse("robot@x/gw"), owner = *Jid::parse("owner@x"), friendly = *Jid::parse("friend@y");

Client::Config config() {
  Client::Config out;
  out.contacts = {owner, friendly};
  out.node = "urn:test";
  out.software = "beckond";
  out.version = "1";
  out.payload = {Element("robot", "urn:beckon:robot:0").set("id", "nao")};
  out.ownsRoster = true;
  out.firstRetry = out.longestRetry = std::chrono::milliseconds(0);
  return out;
}

bool isRequest(const Element& stanza) {
  return stanza.name == "iq" && (stanza.attribute("type") == "get" || stanza.attribute("type") == "set");
}

struct Conversation {
  boost::asio::io_context io;
  std::shared_ptr<MemoryServer> server = std::make_shared<MemoryServer>();
  Client client{io.get_executor(), [this] { return std::make_unique<MemoryStream>(server); }, config(),
                beckon::run::silentLog()};
  std::map<Jid, bool> there;  // as the events tell it

  Conversation() {
    server->executor = io.get_executor();
    client.handle("set", "call", "urn:beckon:rpc:0",
                  [](const IqRequest& request, const IqReply& reply) { reply.result(request.payload); });
    client.start({nullptr, nullptr,
                  [this](const Presence& presence) {
                    check(presence.available || there.contains(presence.from));
                    if (presence.available)
                      there[presence.from] = true;
                    else
                      there.erase(presence.from);
                  },
                  [](const Element& message) { check(message.name == "message"); },
                  [this](const Jid& contact) { check(client.settled(contact)); }});
    server->online(self);
  }

  void run() {
    io.restart();
    io.poll();
  }

  void endStream() {
    server->close(beckon::run::Code::connectionLost, "cut");
    check(!client.online() && client.present().empty() && there.empty());
    check(!client.settled(owner) && !client.settled(friendly));
    while (!server->events.online) {  // the next attempt waits no longer than a turn
      io.restart();
      io.run_one();
    }
    server->online(self);
  }

  void receive(const std::string& xml) {
    auto stanza = beckon::fuzz::parse(xml);
    if (!stanza) return;
    if (const auto id = stanza->attribute("id"); id.size() == 2 && id[0] == '?') stanza->set("id", idOfRequest(id[1]));
    const auto before = server->sent.size();
    server->give(*stanza);
    run();
    judge(*stanza, before);
  }

  std::string idOfRequest(char which) const {
    int skip = which - '0';
    for (auto it = server->sent.rbegin(); it != server->sent.rend(); ++it)
      if (isRequest(*it) && skip-- == 0) return std::string(it->attribute("id"));
    return "none";
  }

  void judge(const Element& stanza, std::size_t before) {
    const auto from = Jid::parse(stanza.attribute("from"));
    std::size_t answers = 0;
    for (auto i = before; i < server->sent.size(); ++i) {
      const auto& sent = server->sent[i];
      if (sent.name == "iq" && !isRequest(sent)) ++answers;
      check(beckon::fuzz::parse(sent.toXml()).has_value());
    }
    // Each request is answered once, and nothing else is.
    const bool asks =
        stanza.name == "iq" && stanza.attribute("type") != "result" && stanza.attribute("type") != "error";
    check(answers <= 1 && (asks || answers == 0));
    for (const auto& [jid, presence] : client.present()) {
      check(jid.bare() == owner || jid.bare() == friendly || jid.bare() == self.bare() || jid == self.server());
      check(presence.available && jid == presence.from && there.contains(jid));
      check(!presence.disco || (presence.caps && capsHash(*presence.disco) == presence.caps->ver));
    }
    check(client.present().size() == there.size());
    if (from) check(!client.settled(*from) || from->bare() == owner || from->bare() == friendly);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Conversation conversation;
  auto input = beckon::fuzz::textOf({data, size});
  for (int streams = 0; !input.empty();) {
    const auto end = std::min(input.find('\0'), input.size());
    const std::string stanza(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    if (!stanza.empty())
      conversation.receive(stanza);
    else if (++streams < 8)
      conversation.endStream();
  }
  conversation.client.stop();
  const auto count = conversation.server->sent.size();
  conversation.run();
  check(conversation.server->sent.size() == count);
  return 0;
}
