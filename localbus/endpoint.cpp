#include "localbus/endpoint.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>

#include <charconv>

namespace beckon::localbus {

run::Result<Endpoint> Endpoint::parse(std::string_view url) {
  const auto bad = [&](const std::string& why) {
    return run::Error{run::Code::invalidArgument, "\"" + std::string(url) + "\" is not an address: " + why,
                      "write it as tcp://HOST:PORT, for example tcp://127.0.0.1:9559"};
  };
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(url.data(), url.size()));
  if (!parsed) return bad("it is not a URL");
  if (parsed->scheme() != "tcp") return bad("the scheme \"" + std::string(parsed->scheme()) + "\" is not spoken here");
  if (parsed->encoded_host_address().empty()) return bad("the host is missing");
  if (parsed->has_userinfo()) return bad("a user is not part of it");
  if ((!parsed->encoded_path().empty() && parsed->encoded_path() != "/") || parsed->has_query() ||
      parsed->has_fragment())
    return bad("nothing may follow the port");
  Endpoint endpoint;
  endpoint.host = parsed->host_address();
  if (parsed->has_port() && !parsed->port().empty()) {
    // port_number() would take 99999 for 34463.
    const std::string_view digits(parsed->port().data(), parsed->port().size());
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (problem != std::errc()) return bad("the port is above 65535");
  }
  return endpoint;
}

std::string Endpoint::url() const {
  const bool isV6 = host.find(':') != std::string::npos;
  return "tcp://" + (isV6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Endpoint::isLoopback() const {
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(host, problem);
  return problem ? host == "localhost" : address.is_loopback();
}

}  // namespace beckon::localbus
