#pragma once

#include "core/run/error.hpp"
#include "xmpp/resolve.hpp"
#include "xmpp/socks5.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace beckon::xmpp {

// A proxy that is the only way out: HTTP CONNECT (RFC 9110 section 9.3.6) or SOCKS5 (RFC 1928).
struct Proxy {
  enum class Kind { http, socks5 };
  Kind kind = Kind::http;
  Endpoint place;              // by name or in numbers
  std::string user, password;  // both empty: it asks for none

  // [http://][USER:PASSWORD@]HOST[:PORT] or socks5://..., also socks5h:// as other programs write it; %XX in user and
  // password. The usual ports: 3128 and 1080.
  static run::Result<Proxy> parse(std::string_view url);
};

// The client's side of the way through a proxy to HOST:PORT, without I/O.
class ProxyHandshake {
 public:
  ProxyHandshake(Proxy proxy, std::string host, unsigned short port);

  // What to send first. A name that no proxy could be asked for is refused.
  run::Result<std::string> first() const;
  // Takes what came; gives what to send next (maybe nothing yet).
  run::Result<std::string> receive(std::string_view bytes);
  // The way is open: what comes next is the server's.
  bool done() const;

 private:
  run::Result<std::string> receiveHttp();
  run::Result<std::string> receiveSocks();
  run::Error garbage() const;
  run::Error refusedPassword() const;
  run::Error noWay(const std::string& why) const;

  Proxy proxy_;
  std::string host_;
  unsigned short port_;
  std::string name_;  // for errors: HOST:PORT of the proxy
  socks5::Client socks_;
  bool hasAnswered_ = false;  // by HTTP
  std::string input_;
};

}  // namespace beckon::xmpp
