// Whatever a peer sends, a TLS channel takes it in or ends with one error for good; it says little, believes nothing.
// Input: one byte (1: we dial; 2: after a genuine handshake), one for the sizes of the pieces, then what the peer
// sends.
#include "localbus/tls_channel.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/support/authority.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>

using namespace beckon;
using fuzz::check;
using localbus::TlsChannel;
using localbus::TlsContext;

namespace {

struct Contexts {
  TlsContext server, client;
};

Contexts makeContexts() {
  const test::TemporaryFolder folder;
  const localbus::TlsKeyPair own{folder.path() / "server.pem", folder.path() / "server.key"};
  const auto authority = folder.path() / "authority.pem";
  test::Authority signer;
  signer.writeCertificate(authority);
  signer.issue("robot.example", own.certificate, own.key);
  return {*TlsContext::server({own}), *TlsContext::client({authority})};
}

// Gives `arrived` in pieces; false once the channel has failed.
bool feed(TlsChannel& channel, qi::ByteView arrived, std::size_t piece) {
  std::uint8_t room[1000];
  for (; !arrived.empty(); piece = 1 + piece * 7 % 997) {
    qi::ByteView part = arrived.first(std::min(piece, arrived.size()));
    arrived = arrived.subspan(part.size());
    for (;;) {
      const auto got = channel.read(part, room);
      if (!got) {
        check(channel.read(part, room).error().cause == got.error().cause && channel.end().cause == got.error().cause);
        return false;
      }
      check(*got <= sizeof room);
      if (*got == 0) break;
    }
    check(part.empty());
  }
  return true;
}

qi::Bytes take(TlsChannel& channel) {
  qi::Bytes out;
  channel.takeOutgoing(out);
  check(!channel.hasOutgoing());
  return out;
}

void shakeHands(TlsChannel& one, TlsChannel& other) {
  constexpr std::size_t whole = 100'000;
  while (one.hasOutgoing() || other.hasOutgoing()) {
    check(feed(other, take(one), whole));
    check(feed(one, take(other), whole));
  }
  check(one.isEstablished() && other.isEstablished());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Contexts contexts = makeContexts();
  if (size < 2) return 0;
  const bool isClient = data[0] & 1, isEstablished = data[0] & 2;
  TlsChannel channel(isClient ? contexts.client : contexts.server, "robot.example");
  if (isEstablished) {
    TlsChannel genuine(isClient ? contexts.server : contexts.client, "robot.example");
    shakeHands(channel, genuine);
  }
  const bool isWell = feed(channel, {data + 2, size - 2}, 1 + data[1]);
  // Nobody who lacks the keys gets to the end of a handshake or is taken for the peer's own end.
  check(channel.isEstablished() == isEstablished && !(isEstablished && channel.isClosedByPeer()));
  // Our hello, or a server's flight with its certificate, and alerts.
  check(take(channel).size() < 5000);
  if (isEstablished && isWell) check(bool(channel.write(qi::ByteView(data, size))));
  channel.close();
  return 0;
}
