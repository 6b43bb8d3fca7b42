// What a server can send to a client, split anywhere, over a connection that is secured from the start or not.
// Input: one byte that the splits and the security are drawn from, then what the server sends.
#include "tests/fuzz/check.hpp"
#include "xmpp/client_protocol.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace beckon::xmpp;
using beckon::fuzz::check;

namespace {

struct Conversation {
  explicit Conversation(bool isSecured_) : isSecured(isSecured_) { protocol.begin(isSecured); }

  ClientProtocol protocol{
      {*Jid::parse("user@robots.test"), "gateway", "pencil", Scram::Hash::sha256, "rOprNGfwEbeRWgbNEkqO"}, 100'000};
  std::vector<std::string> steps;
  bool isSecured, isOnline = false, ended = false;

  void receive(std::string_view bytes) {
    protocol.receive(bytes);
    while (auto step = protocol.next()) {
      check(!ended);
      std::visit([this](const auto& kind) { judge(kind); }, *step);
    }
  }

  void judge(const StreamProtocol::Send& send) {
    // Nothing of the account leaves unencrypted.
    check(isSecured || (send.xml.find("<auth") == std::string::npos && send.xml.find("user") == std::string::npos));
    steps.push_back("send " + send.xml);
  }
  void judge(const StreamProtocol::StartTls&) {
    check(!isSecured);
    isSecured = true;
    steps.push_back("TLS " + protocol.begin(true));
  }
  void judge(const StreamProtocol::Online& online) {
    check(isSecured && !isOnline && protocol.online());
    isOnline = true;
    steps.push_back("online " + online.self.text());
  }
  void judge(const StreamProtocol::Stanza& came) {
    check(isOnline);
    steps.push_back("stanza " + came.stanza.toXml());
  }
  void judge(const StreamProtocol::Refusal& refusal) {
    check(isOnline);
    steps.push_back("refuse " + refusal.xml);
  }
  void judge(const StreamProtocol::Closed&) {
    ended = true;
    steps.emplace_back("closed");
  }
  void judge(const StreamProtocol::End& end) {
    check(!end.why.cause.empty());
    ended = true;
    steps.push_back("end " + std::string(beckon::run::codeText(end.why.code)));
  }
};

}  // namespace

// Unlike a component's, a client's stream begins anew on the way, and what came behind the old one is lost: split at a
// new beginning or not, it may go on differently. Only what is said of it must hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 65536) return 0;
  const bool isSecured = data[0] % 2 == 1;
  auto bytes = beckon::fuzz::textOf({data + 1, size - 1});
  Conversation whole(isSecured);
  whole.receive(bytes);
  Conversation pieces(isSecured);
  std::minstd_rand random(data[0]);
  const std::size_t most = 1 + random() % 40;
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, 1 + random() % most);
    bytes.remove_prefix(piece.size());
    pieces.receive(piece);
  }
  return 0;
}
