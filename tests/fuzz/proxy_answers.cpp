// What a proxy can answer. Input: one byte (kind, password, where it is split), then the answer.
#include "tests/fuzz/check.hpp"
#include "xmpp/proxy.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using namespace beckon::xmpp;
using beckon::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Proxy proxy;
  proxy.kind = data[0] & 1 ? Proxy::Kind::socks5 : Proxy::Kind::http;
  proxy.place = {"proxy.test", 1080};
  if (data[0] & 2) proxy.user = "user", proxy.password = "hush";
  const bool isSaid = beckon::fuzz::textOf({data, size}).find("hush") != std::string_view::npos;
  const auto talk = [&](std::size_t piece) {
    ProxyHandshake handshake(proxy, "robots.test", 5222);
    auto bytes = beckon::fuzz::textOf({data + 1, size - 1});
    std::string said = handshake.first().value();
    while (!bytes.empty() && !handshake.done()) {
      const auto next = handshake.receive(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
      if (!next) {
        // Of a password it tells no more than the proxy itself has said.
        check(!next.error().cause.empty() && (isSaid || next.error().cause.find("hush") == std::string::npos));
        return said + "!";
      }
      said += *next;
    }
    return said + (handshake.done() ? "." : "?");
  };
  // Byte by byte, whatever follows the proxy's last word is not its answer any more.
  const auto slowly = talk(1), quickly = talk(size);
  check(slowly == quickly || quickly.ends_with('!'));
  return 0;
}
