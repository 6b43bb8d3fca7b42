// What strangers send to the proxy of bytestreams, and what a proxy may answer to us: each side takes what it wants and
// no byte more, and comes to its end within a few steps; then it knows what was sent.
// Input: one byte, odd for the client's side, then what arrives.
#include "xmpp/socks5.hpp"

#include "tests/fuzz/check.hpp"

#include <string>

using namespace beckon;
using namespace beckon::xmpp::socks5;
using fuzz::check;

namespace {

// Gives how many bytes it took; nothing where it refused them, or wants more.
template <class Side>
std::size_t run(Side& side, std::string_view arrived, std::string& sent) {
  std::size_t used = 0;
  for (int step = 0; side.wanted() > 0; ++step) {
    const auto size = side.wanted();
    check(step < 5 && size <= 2 + longestHost);
    if (arrived.size() - used < size) return 0;
    const auto taken = side.take(arrived.substr(used, size));
    if (!taken) {
      check(!taken.error().cause.empty() && !taken.error().nextStep.empty());
      return 0;
    }
    used += size;
    sent += *taken;
  }
  return used;
}

void runServer(std::string_view arrived) {
  Server server;
  std::string sent;
  const auto used = run(server, arrived, sent);
  check(sent.empty() || sent == std::string("\5\0", 2));
  if (used == 0) return;
  const auto& [host, port] = server.destination();
  check(!host.empty() && host.size() <= longestHost &&
        arrived.substr(0, used).ends_with(host + std::string() + static_cast<char>(port >> 8) +
                                          static_cast<char>(port & 0xff)));
  // A client that is told so has come to the same place.
  Client client(server.destination());
  const auto answer = std::string("\5\0", 2) + server.answer(Answer::succeeded);
  std::string asked;
  check(run(client, answer, asked) == answer.size());
  Server again;
  const auto greeting = client.greeting();
  check(run(again, greeting + asked, sent) == greeting.size() + asked.size());
  check(again.destination() == server.destination());
}

void runClient(std::string_view arrived) {
  Client client({"host.example", 80});
  std::string sent;
  if (run(client, arrived, sent) > 0) check(arrived[3] == 0 && !sent.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto text = fuzz::textOf({data + 1, size - 1});
  if (data[0] % 2 == 0)
    runServer(text);
  else
    runClient(text);
  return 0;
}
