// What a server can send to a component, split anywhere; and the same XML read by libstrophe.
// Input: one byte that the splits are drawn from, then what the server sends.
#include "tests/fuzz/check.hpp"
#include "tests/strophe/strophe_parser.hpp"
#include "xmpp/component_protocol.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace beckon::xmpp;
using beckon::fuzz::check;

namespace {

constexpr std::size_t limit = 2000, longest = 16 * limit;

std::size_t depth(const Element& element) {
  std::size_t out = 0;
  for (const auto& child : element.children) out = std::max(out, depth(child));
  return out + 1;
}

std::size_t weight(const Element& element) {
  auto out = element.name.size() + element.xmlns.size() + element.text.size();
  for (const auto& [name, value] : element.attributes) out += name.size() + value.size();
  for (const auto& child : element.children) out += weight(child);
  return out;
}

struct Conversation {
  beckon::fuzz::StropheParser strophe;
  ComponentProtocol protocol{*Jid::parse("relay.x"), "secret", limit};
  std::vector<std::string> steps;
  bool proven = false, online = false, ended = false;

  void receive(std::string_view bytes) {
    protocol.receive(bytes);
    while (auto step = protocol.next()) {
      check(!ended);
      std::visit([this](const auto& kind) { judge(kind); }, *step);
    }
  }

  void judge(const ComponentProtocol::Send& send) {
    check(!proven && strophe.parse(send.xml).has_value());
    proven = true;
    steps.push_back("send " + send.xml);
  }
  void judge(const ComponentProtocol::Online&) {
    check(proven && !online);
    online = true;
    steps.emplace_back("online");
  }
  void judge(const ComponentProtocol::Stanza& came) {
    const auto& stanza = came.stanza;
    // What an error says in place of an answer that was too large comes on top.
    check(online && depth(stanza) <= 64 && weight(stanza) <= 2 * limit);
    check(stanza.xmlns != ComponentProtocol::xmlns);
    const auto xml = stanza.toXml();
    check(strophe.parse(xml).has_value());
    steps.push_back("stanza " + xml);
  }
  void judge(const ComponentProtocol::Refusal& refusal) {
    check(!refusal.why.cause.empty() && (refusal.xml.empty() || (online && strophe.parse(refusal.xml))));
    steps.push_back("refuse " + refusal.xml);
  }
  void judge(const ComponentProtocol::StartTls&) { check(false); }
  void judge(const ComponentProtocol::Closed&) {
    ended = true;
    steps.emplace_back("closed");
  }
  void judge(const ComponentProtocol::End& end) {
    check(!end.why.cause.empty());
    ended = true;
    steps.push_back("end " + std::string(beckon::run::codeText(end.why.code)));
  }
};

std::vector<std::string> atOnce(std::string_view bytes) {
  Conversation conversation;
  conversation.receive(bytes);
  return conversation.steps;
}

std::vector<std::string> inPieces(std::string_view bytes, unsigned seed) {
  Conversation conversation;
  std::minstd_rand random(seed);
  const std::size_t most = 1 + random() % 40;
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, 1 + random() % most);
    bytes.remove_prefix(piece.size());
    conversation.receive(piece);
  }
  return conversation.steps;
}

// An attribute of the local name xmlns counts for libstrophe as a namespace.
void compareWithStrophe(const std::string& xml) {
  if (xml.find(":xmlns") != std::string::npos) return;
  StreamParser parser(longest);
  parser.feed("<s>");
  parser.feed(xml);
  parser.feed(">");
  static_cast<void>(parser.next());
  const auto event = parser.next();
  if (!event || !*event) return;
  const auto* child = std::get_if<StreamParser::Child>(&**event);
  if (!child) return;
  beckon::fuzz::StropheParser strophe;
  const auto theirs = strophe.parse(xml);
  check(!theirs || *theirs == child->element);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > longest) return 0;
  auto bytes = std::string(beckon::fuzz::textOf({data + 1, size - 1}));
  compareWithStrophe(bytes);
  bytes += '>';  // what is held because nothing can end in it comes to light
  check(atOnce(bytes) == inPieces(bytes, data[0]));
  return 0;
}
