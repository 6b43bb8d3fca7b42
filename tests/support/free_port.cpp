#include "tests/support/free_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <stdexcept>

namespace beckon::test {

unsigned short freePort() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(15000, 32000);
  for (int tries = 0; tries < 100; ++tries) {
    const auto port = static_cast<unsigned short>(ports(random));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool free = bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(probe);
    if (free) return port;
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

}  // namespace beckon::test
