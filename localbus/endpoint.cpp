#include "localbus/endpoint.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace beckon::localbus {

namespace {

// The longest path of a unix socket, without its final zero (unix(7)).
constexpr std::size_t longestPath = sizeof(sockaddr_un{}.sun_path) - 1;

constexpr std::pair<std::string_view, Endpoint::Scheme> schemes[] = {{"tcp", Endpoint::Scheme::tcp},
                                                                     {"tcps", Endpoint::Scheme::tcps},
                                                                     {"tcpsm", Endpoint::Scheme::tcpsm},
                                                                     {"unix", Endpoint::Scheme::unix_}};

}  // namespace

run::Result<Endpoint> Endpoint::parse(std::string_view url) {
  const auto bad = [&](const std::string& why) {
    return run::Error{run::Code::invalidArgument, "\"" + std::string(url) + "\" is not an address: " + why,
                      "write it as tcp://HOST:PORT, for example tcp://127.0.0.1:9559; tcps, tcpsm and unix:///PATH are "
                      "possible too"};
  };
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(url.data(), url.size()));
  if (!parsed) return bad("it is not a URL");
  const std::string_view scheme(parsed->scheme().data(), parsed->scheme().size());
  const auto known = std::ranges::find(schemes, scheme, &std::pair<std::string_view, Scheme>::first);
  if (known == std::end(schemes)) return bad("the scheme \"" + std::string(scheme) + "\" is not spoken here");
  if (known->second == Scheme::unix_) {
    if (!parsed->encoded_host().empty() || parsed->has_query() || parsed->has_fragment())
      return bad("it has to be unix:/// and a path");
    auto path = parsed->path();
    if (!path.starts_with('/') || path.size() < 2) return bad("the path is missing");
    if (path.size() > longestPath) return bad("the path is longer than " + std::to_string(longestPath) + " bytes");
    if (path.find('\0') != std::string::npos) return bad("the path is none");
    return unixSocket(std::move(path));
  }
  if (parsed->encoded_host_address().empty()) return bad("the host is missing");
  if (parsed->has_userinfo()) return bad("a user is not part of it");
  if ((!parsed->encoded_path().empty() && parsed->encoded_path() != "/") || parsed->has_query() ||
      parsed->has_fragment())
    return bad("nothing may follow the port");
  Endpoint endpoint;
  endpoint.scheme = known->second;
  if (endpoint.isTls()) endpoint.port = defaultTlsPort;
  endpoint.host = parsed->host_address();
  if (parsed->has_port() && !parsed->port().empty()) {
    // port_number() would take 99999 for 34463.
    const std::string_view digits(parsed->port().data(), parsed->port().size());
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (problem != std::errc()) return bad("the port is above 65535");
  }
  return endpoint;
}

Endpoint Endpoint::unixSocket(std::string path) { return {{}, 0, Scheme::unix_, std::move(path)}; }

std::string Endpoint::url() const {
  if (isUnix()) {
    boost::urls::url url("unix:///");
    url.set_path(path);
    return std::string(url.buffer().data(), url.buffer().size());
  }
  const std::string name(std::ranges::find(schemes, scheme, &std::pair<std::string_view, Scheme>::second)->first);
  const bool isV6 = host.find(':') != std::string::npos;
  return name + "://" + (isV6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Endpoint::isLoopback() const {
  if (isUnix()) return true;
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(host, problem);
  return problem ? host == "localhost" : address.is_loopback();
}

}  // namespace beckon::localbus
