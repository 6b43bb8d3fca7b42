#include "xmpp/socks5.hpp"

#include <array>
#include <utility>

namespace beckon::xmpp::socks5 {
namespace {

using run::Code;
using run::Error;
using run::Result;

constexpr char version = 5, loginVersion = 1, noAuthentication = 0, byPassword = 2, noneAcceptable = '\xff',
               connectCommand = 1, reserved = 0;
constexpr char ipv4 = 1, name = 3, ipv6 = 4;  // types of an address
constexpr std::size_t headSize = 5;           // version, command or answer, reserved, type, first byte of the address
constexpr std::size_t portSize = 2;

Error noSocks(const std::string& who, const std::string& what) {
  return {Code::protocolError, "the " + who + " does not speak SOCKS5: " + what, "check the address and the port"};
}

const Error noEntry{Code::notAuthenticated, "the SOCKS5 proxy asks for a user and a password that are right",
                    "write them into its address: socks5://USER:PASSWORD@HOST:PORT"};

std::string withLength(const std::string& text) { return static_cast<char>(text.size()) + text; }

std::size_t sizeOf(char byte) { return static_cast<std::uint8_t>(byte); }

// Command or answer, and the address behind it.
std::string message(char what, const Destination& destination) {
  std::string out{version, what, reserved, name};
  out += withLength(destination.host);
  out += static_cast<char>(destination.port >> 8);
  out += static_cast<char>(destination.port & 0xff);
  return out;
}

Error refusal(std::size_t answer, const std::string& host) {
  static constexpr std::array<const char*, 9> texts{"",
                                                    "it failed",
                                                    "it does not allow that",
                                                    "the network is out of reach",
                                                    "the host is out of reach",
                                                    "the host refused",
                                                    "it took too long",
                                                    "it does not connect",
                                                    "it takes no names"};
  const std::string why = answer < texts.size() ? texts[answer] : "for a reason of its own";
  const bool isForbidden = answer == static_cast<std::size_t>(Answer::notAllowed);
  return {isForbidden ? Code::refused : Code::unreachable, "the SOCKS5 proxy does not lead to " + host + ": " + why,
          isForbidden ? "ask who runs the proxy" : "check that the host is there, or try again later"};
}

}  // namespace

std::string Client::greeting() const {
  if (login_.user.empty()) return {version, 1, noAuthentication};
  return {version, 2, noAuthentication, byPassword};
}

Result<std::string> Client::takeMethod(char method) {
  if (method == noAuthentication) return request();
  if (method == byPassword && !login_.user.empty()) {
    stage_ = Stage::password;
    return loginVersion + withLength(login_.user) + withLength(login_.password);
  }
  if (method == noneAcceptable) return noEntry;
  return noSocks("proxy", "a method that was not offered");
}

Result<std::string> Client::request() {
  if (destination_.host.empty() || destination_.host.size() > longestHost)
    return Error{Code::invalidArgument, "a host's name has 1 to 255 bytes", "give another name"};
  stage_ = Stage::head;
  wanted_ = headSize;
  return message(connectCommand, destination_);
}

Result<std::string> Client::take(std::string_view bytes) {
  if (bytes.size() != wanted_) return noSocks("proxy", "it sent another number of bytes than was to be read");
  switch (stage_) {
    case Stage::method:
      if (bytes[0] != version) return noSocks("proxy", "another version");
      return takeMethod(bytes[1]);
    case Stage::password:
      if (bytes[0] != loginVersion) return noSocks("proxy", "another version");
      if (bytes[1] != 0) return noEntry;
      return request();
    case Stage::head:
      return takeHead(bytes);
    case Stage::address:
    case Stage::done:
      break;
  }
  stage_ = Stage::done;
  wanted_ = 0;
  return std::string();
}

Result<std::string> Client::takeHead(std::string_view bytes) {
  if (bytes[0] != version) return noSocks("proxy", "another version");
  if (bytes[1] != static_cast<char>(Answer::succeeded)) return refusal(sizeOf(bytes[1]), destination_.host);
  // One byte of the address is there already.
  switch (bytes[3]) {
    case ipv4:
      wanted_ = 3 + portSize;
      break;
    case ipv6:
      wanted_ = 15 + portSize;
      break;
    case name:
      wanted_ = sizeOf(bytes[4]) + portSize;
      break;
    default:
      return noSocks("proxy", "an address of an unknown type");
  }
  stage_ = Stage::address;
  return std::string();
}

Result<std::string> Server::take(std::string_view bytes) {
  if (bytes.size() != wanted_) return noSocks("client", "it sent another number of bytes than was to be read");
  switch (stage_) {
    case Stage::greeting:
      if (bytes[0] != version) return noSocks("client", "another version");
      if (bytes[1] == 0) return noSocks("client", "no method of authentication");
      stage_ = Stage::methods;
      wanted_ = sizeOf(bytes[1]);
      return std::string();
    case Stage::methods:
      if (bytes.find(noAuthentication) == std::string_view::npos)
        return noSocks("client", "it does not come without authentication");
      stage_ = Stage::head;
      wanted_ = headSize;
      return std::string{version, noAuthentication};
    case Stage::head:
      return takeHead(bytes);
    case Stage::address:
    case Stage::done:
      break;
  }
  if (stage_ == Stage::done) return std::string();
  destination_.host.assign(bytes.substr(0, bytes.size() - portSize));
  const auto port = bytes.substr(bytes.size() - portSize);
  destination_.port = static_cast<std::uint16_t>(sizeOf(port[0]) << 8 | sizeOf(port[1]));
  stage_ = Stage::done;
  wanted_ = 0;
  return std::string();
}

Result<std::string> Server::takeHead(std::string_view bytes) {
  if (bytes[0] != version) return noSocks("client", "another version");
  if (bytes[1] != connectCommand || bytes[3] != name || bytes[4] == 0)
    return noSocks("client", "it asks for something else than a connection to a name");
  stage_ = Stage::address;
  wanted_ = sizeOf(bytes[4]) + portSize;
  return std::string();
}

std::string Server::answer(Answer what) const { return message(static_cast<char>(what), destination_); }

}  // namespace beckon::xmpp::socks5
