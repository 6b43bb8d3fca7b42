#include "apps/doctor/resolve.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <thread>

namespace beckon::doctor {

using asio::ip::address;
using run::Code;
using run::Error;
using run::Result;

namespace {

struct Lookup {
  int problem = 0;
  std::vector<address> found;
};

address addressOf(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &from, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &from, sizeof v6);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes, v6.sin6_scope_id);
}

Lookup look(const std::string& host) {
  Lookup lookup;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  lookup.problem = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (lookup.problem != 0) return lookup;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(list, &::freeaddrinfo);
  for (const auto* one = list; one; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    const auto found = addressOf(*one->ai_addr);
    if (std::ranges::find(lookup.found, found) == lookup.found.end()) lookup.found.push_back(found);
  }
  std::stable_partition(lookup.found.begin(), lookup.found.end(), [](const address& one) { return one.is_v4(); });
  return lookup;
}

Error unknown(const std::string& host, const std::string& why) {
  const bool isLocal = host.ends_with(".local");
  return {Code::unreachable, "the name " + host + " is not known: " + why,
          isLocal ? "check the spelling and that this computer resolves .local names (Avahi and libnss-mdns), or give "
                    "the robot's address"
                  : "check the spelling, or give the robot's address"};
}

}  // namespace

asio::awaitable<Result<std::vector<address>>> resolve(std::string host, Deadline until) {
  boost::system::error_code isName;
  const auto given = asio::ip::make_address(host, isName);
  if (!isName) co_return std::vector<address>{given};

  const auto executor = co_await asio::this_coro::executor;
  using Local = asio::local::stream_protocol::socket;
  Local done(executor), telling(executor);
  asio::local::connect_pair(done, telling);
  const auto lookup = std::make_shared<Lookup>();
  // What was found stands before the byte that says so; who does not wait any more reads neither.
  std::thread([host, lookup, told = telling.release()] {
    *lookup = look(host);
    const char byte = 0;
    ::send(told, &byte, 1, MSG_NOSIGNAL);
    ::close(told);
  }).detach();
  char byte = 0;
  const auto room = asio::buffer(&byte, 1);
  auto reading = done.async_read_some(room, asTuple);
  const auto told = co_await inTime(std::move(reading), until);
  if (!told)
    co_return Error{Code::timedOut, "the name " + host + " is not resolved: no name server answers in time",
                    "check this computer's network and name servers, or give the robot's address"};
  if (lookup->problem != 0) co_return unknown(host, ::gai_strerror(lookup->problem));
  if (lookup->found.empty()) co_return unknown(host, "it has no address");
  co_return lookup->found;
}

}  // namespace beckon::doctor
