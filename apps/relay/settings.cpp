#include "apps/relay/settings.hpp"

#include "core/run/config.hpp"

#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

namespace beckon::apps {
namespace {

constexpr unsigned short usualPort = 5443;

xmpp::Jid readDomain(run::ConfigFile& file, std::string_view key, const std::string& text) {
  const auto jid = xmpp::Jid::parse(text);
  if (jid && jid->isBare() && jid->node().empty()) return *jid;
  file.reject(key, "\"" + text + "\" is not a domain", "write it as robots.example");
  return {};
}

std::string readWhole(run::ConfigFile& file, std::string_view key) {
  const auto path = file.pathOr(key, {});
  if (path.empty()) return {};
  std::ifstream in(path);
  std::string out(std::istreambuf_iterator<char>(in), {});
  if (!in || out.empty()) file.reject(key, "cannot read " + path.string(), "check its name, and who owns it");
  return out;
}

void readEnrolment(run::ConfigFile& file, RelaySettings& settings) {
  const auto listen = file.textOr("enrol.listen", "tcps://0.0.0.0:" + std::to_string(usualPort));
  const auto endpoint = localbus::Endpoint::parse(listen);
  if (!endpoint)
    file.reject("enrol.listen", endpoint.error().cause, endpoint.error().nextStep);
  else if (endpoint->scheme != localbus::Endpoint::Scheme::tcps)
    file.reject("enrol.listen", "codes and secrets pass there: it needs TLS", "write tcps://0.0.0.0:5443");
  else
    settings.listen = *endpoint;
  settings.own = {file.pathOr("enrol.certificate_file", {}), file.pathOr("enrol.key_file", {})};
  if (settings.own.certificate.empty() != settings.own.key.empty())
    file.reject(settings.own.key.empty() ? "enrol.certificate_file" : "enrol.key_file", "is given without the other",
                "give the certificate and its private key, or neither: then the relay makes its own");
  settings.isSelfSigned = settings.own.key.empty();
  if (settings.isSelfSigned) settings.own = {settings.state / "enrol.pem", settings.state / "enrol.key"};
  settings.place.host = file.textOr("enrol.host", settings.component.domain.domain());
  if (!fleet::isHost(settings.place.host))
    file.reject("enrol.host", "\"" + settings.place.host + "\" is neither a host's name nor an address",
                "write it as relay.example, 192.0.2.1 or [2001:db8::1]");
  settings.place.port = static_cast<unsigned short>(file.integerOr("enrol.port", settings.listen.port, 0, 65535));
  settings.place.fleet = file.textOr("relay.fleet", "home");
  if (!fleet::isName(settings.place.fleet))
    file.reject("relay.fleet", "\"" + settings.place.fleet + "\" cannot be the name of a fleet",
                "use 1 to 32 small letters, digits and '-'");
}

void readBytestreams(run::ConfigFile& file, RelaySettings& settings) {
  auto& out = settings.bytestreams;
  if (const auto listen = file.textOr("bytestreams.listen", ""); !listen.empty()) {
    const auto address = readListenAddress(listen);
    if (address)
      out.listen = *address;
    else
      file.reject("bytestreams.listen", address.error().cause, address.error().nextStep);
  }
  out.host = file.textOr("bytestreams.host", settings.place.host);
  if (!fleet::isHost(out.host))
    file.reject("bytestreams.host", "\"" + out.host + "\" is neither a host's name nor an address",
                "write it as relay.example or 192.0.2.1");
  out.port = static_cast<unsigned short>(file.integerOr("bytestreams.port", 0, 0, 65535));
  out.bytesADay = file.integerOr("bytestreams.bytes_a_day", out.bytesADay, 0, std::int64_t{1} << 60);
  const auto size = [&](std::string_view key, std::size_t usual) {
    return static_cast<std::size_t>(file.integerOr(key, static_cast<std::int64_t>(usual), 1, 100'000));
  };
  out.limits.ofRequester = size("bytestreams.streams", out.limits.ofRequester);
  out.limits.inAll = size("bytestreams.streams_in_all", out.limits.inAll);
}

void readTurn(run::ConfigFile& file, RelaySettings& settings) {
  relay::TurnServer out;
  const bool isThere = !file.textOr("turn.secret_file", "").empty();
  if (isThere) out.secret = file.secret("turn.secret_file");
  out.host = file.textOr("turn.host", settings.place.host);
  out.port = static_cast<unsigned short>(file.integerOr("turn.port", out.port, 1, 65535));
  const auto longest = relay::TurnServer::longestLifetime.count();
  out.lifetime = std::chrono::seconds(file.integerOr("turn.seconds", longest, 1, longest));
  if (isThere) settings.turn = std::move(out);
}

}  // namespace

run::Result<boost::asio::ip::tcp::endpoint> readListenAddress(std::string_view text) {
  const run::Error wrong{run::Code::invalidArgument, "\"" + std::string(text) + "\" is not an address and a port",
                         "write it as 0.0.0.0:5480 or [::]:5480"};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(std::string(host), problem);
  unsigned short port = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem || bad != std::errc() || end != digits.data() + digits.size()) return wrong;
  return boost::asio::ip::tcp::endpoint(address, port);
}

run::Result<RelaySettings> readRelaySettings(const std::filesystem::path& path) {
  auto file = run::ConfigFile::open(path);
  if (!file) return file.error();
  RelaySettings out;
  out.state = file->pathOr("relay.state", path.parent_path() / "state");
  out.domain = readDomain(*file, "xmpp.domain", file->text("xmpp.domain"));
  out.component.domain =
      readDomain(*file, "xmpp.component", file->textOr("xmpp.component", "relay." + out.domain.domain()));
  out.component.secret = file->secret("xmpp.secret_file");
  out.component.host = file->textOr("xmpp.host", out.component.host);
  out.component.port = static_cast<unsigned short>(file->integerOr("xmpp.port", out.component.port, 1, 65535));
  out.clientHost = file->textOr("clients.host", "");
  out.clientPort = static_cast<unsigned short>(file->integerOr("clients.port", 0, 0, 65535));
  out.clientAuthorities = readWhole(*file, "clients.ca_file");
  readEnrolment(*file, out);
  readBytestreams(*file, out);
  readTurn(*file, out);
  if (const auto valid = file->finish(); !valid) return valid.error();
  return out;
}

}  // namespace beckon::apps
