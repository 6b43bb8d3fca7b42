#pragma once

#include "core/run/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The handshake of SOCKS5 (RFC 1928) without I/O: the command CONNECT, to a host that the proxy finds by its name,
// without authentication or, on the client's side, with a user and a password (RFC 1929). Both sides read exactly
// wanted() bytes each time, so that nothing of what follows the handshake is swallowed; once nothing is wanted, it is
// over. Errors end the connection.
namespace beckon::xmpp::socks5 {

inline constexpr std::size_t longestHost = 255;

// Where a connection is to lead.
struct Destination {
  std::string host;  // 1 to 255 bytes; in a bytestream (XEP-0065) a hash
  std::uint16_t port = 0;
  friend bool operator==(const Destination&, const Destination&) = default;
};

// RFC 1928 section 6.
enum class Answer : std::uint8_t {
  succeeded = 0,
  failed = 1,
  notAllowed = 2,
  networkUnreachable = 3,
  hostUnreachable = 4,
  refused = 5,
  expired = 6,
  commandUnknown = 7,
  addressUnknown = 8,
};

struct Login {
  std::string user, password;  // 255 bytes each at most; an empty user: none
};

class Client {
 public:
  // A host that is empty or longer than longestHost is invalid-argument in take().
  explicit Client(Destination destination, Login login = {})
      : destination_(std::move(destination)), login_(std::move(login)) {}

  std::string greeting() const;  // what to send first
  std::size_t wanted() const { return wanted_; }
  // Exactly wanted() bytes of the proxy's; gives what to send. Errors: protocolError for what is no SOCKS5;
  // notAuthenticated for a proxy that wants a password, or another one; unreachable and refused for what it answers.
  run::Result<std::string> take(std::string_view bytes);

 private:
  enum class Stage { method, password, head, address, done };
  run::Result<std::string> takeMethod(char method);
  run::Result<std::string> request();
  run::Result<std::string> takeHead(std::string_view bytes);

  Destination destination_;
  Login login_;
  Stage stage_ = Stage::method;
  std::size_t wanted_ = 2;
};

class Server {
 public:
  std::size_t wanted() const { return wanted_; }
  // Exactly wanted() bytes of the client's; gives what to send. Error protocolError: for what is no SOCKS5, who does
  // not come without authentication, and who asks for anything else than CONNECT to a name.
  run::Result<std::string> take(std::string_view bytes);
  // Whole once nothing is wanted any more; then it is to be answered.
  const Destination& destination() const { return destination_; }
  // With the destination as bound address, as XEP-0065 has it.
  std::string answer(Answer what) const;

 private:
  enum class Stage { greeting, methods, head, address, done };
  run::Result<std::string> takeHead(std::string_view bytes);

  Destination destination_;
  Stage stage_ = Stage::greeting;
  std::size_t wanted_ = 2;
};

}  // namespace beckon::xmpp::socks5
