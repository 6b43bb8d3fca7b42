#include "xmpp/resolve.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace beckon::xmpp {
namespace {

constexpr unsigned short clientPort = 5222;  // RFC 6120 section 14.7
// XEP-0368 has no port of its own: 5223 is that of old, 443 the one that firewalls let through.
constexpr unsigned short httpsPort = 443, oldTlsPort = 5223;
constexpr std::size_t mostRoutes = 16;  // whoever answers for the domain could name any number

// Of this thread (glibc keeps it so): two tries of one second for each name server, in place of two of five.
void boundWaiting() {
  if (res_init() == 0) {
    _res.retrans = 1;
    _res.retry = 2;
  }
}

// The addresses of one host; getaddrinfo's error where there is none.
int addresses(const std::string& host, unsigned short port, std::vector<Endpoint>& out) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found)) return error;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const auto* info = found; info; info = info->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(info->ai_addr, info->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
      out.push_back({text.data(), port});
  }
  return 0;
}

// Nothing: the name servers did not answer. Empty: there is no record.
std::optional<std::vector<SrvRecord>> lookUpSrv(const std::string& service, const std::string& domain) {
  const auto name = service + "._tcp." + domain + ".";
  std::array<std::uint8_t, 4096> answer{};
  const int size = res_query(name.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  if (size <= 0) {
    if (h_errno == TRY_AGAIN) return std::nullopt;
    return std::vector<SrvRecord>{};
  }
  return readSrv({answer.data(), std::min(answer.size(), static_cast<std::size_t>(size))});
}

bool isNone(const SrvRecord& record) { return record.target.empty() || record.target == "."; }

run::Error notFound(const std::string& host, int error) {
  return {run::Code::unreachable, "no address is known for " + host + " (" + gai_strerror(error) + ")",
          "check the server's name and this machine's network and name server"};
}

struct Target {
  std::string host;
  unsigned short port = 0;
  bool directTls = false;
};

// As the SRV records say; empty where there are none.
run::Result<std::vector<Target>> fromDns(const std::string& domain) {
  auto records = lookUpSrv("_xmpp-client", domain);
  auto direct = records ? lookUpSrv("_xmpps-client", domain) : std::nullopt;  // one wait is enough
  if (!records) records.emplace();
  const bool saysNone = records->size() == 1 && isNone(records->front());
  if (direct)
    for (auto& record : *direct) {
      record.directTls = true;
      records->push_back(std::move(record));
    }
  std::erase_if(*records, isNone);
  if (records->empty() && saysNone)
    return run::Error{run::Code::unreachable, domain + " says in its SRV record that it has no XMPP server",
                      "check the domain in the account's address"};
  std::mt19937 random{std::random_device{}()};
  std::vector<Target> out;
  for (auto& record : orderSrv(std::move(*records), random))
    out.push_back({std::move(record.target), record.port, record.directTls});
  return out;
}

Target at(const std::string& host, unsigned short port) {
  return {host, port ? port : clientPort, port == httpsPort || port == oldTlsPort};
}

run::Result<std::vector<Target>> targetsOf(const Whereabouts& where) {
  std::vector<Target> out;
  if (!where.host.empty()) {
    out.push_back(
        {where.host, where.port ? where.port : clientPort, where.port == httpsPort || where.port == oldTlsPort});
    return out;
  }
  auto found = fromDns(where.domain);
  if (!found || !found->empty()) return found;
  out.push_back(at(where.domain, where.port));
  if (!where.proxy.address.empty()) out.push_back({where.domain, httpsPort, true});
  return out;
}

}  // namespace

std::vector<SrvRecord> readSrv(std::span<const std::uint8_t> answer) {
  const auto* const begin = answer.data();
  const auto* const end = begin + answer.size();
  const auto number = [&](const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] << 8 | at[1]); };
  std::array<char, NS_MAXDNAME> name{};
  if (answer.size() < NS_HFIXEDSZ) return {};
  const auto* at = begin + NS_HFIXEDSZ;
  const auto skipName = [&] {
    const int length = dn_expand(begin, end, at, name.data(), static_cast<int>(name.size()));
    if (length < 0) return false;
    at += length;
    return true;
  };
  for (int questions = number(begin + 4); questions > 0; --questions) {
    if (!skipName() || end - at < NS_QFIXEDSZ) return {};
    at += NS_QFIXEDSZ;
  }
  std::vector<SrvRecord> out;
  for (int answers = number(begin + 6); answers > 0; --answers) {
    if (!skipName() || end - at < NS_RRFIXEDSZ) return {};
    const int type = number(at);
    const int length = number(at + 8);
    at += NS_RRFIXEDSZ;
    if (end - at < length) return {};
    if (type == ns_t_srv && length > 6) {
      if (dn_expand(begin, end, at + 6, name.data(), static_cast<int>(name.size())) < 0) return {};
      out.push_back({number(at), number(at + 2), number(at + 4), name.data()});
    }
    at += length;
  }
  return out;
}

std::vector<SrvRecord> orderSrv(std::vector<SrvRecord> records, std::mt19937& random) {
  // Those without weight first, as RFC 2782 has it: they then have a small chance to be chosen early.
  std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return std::pair(a.priority, a.weight != 0) < std::pair(b.priority, b.weight != 0);
  });
  for (auto first = records.begin(); first != records.end(); ++first) {
    const auto last = std::find_if(first, records.end(), [&](const auto& r) { return r.priority != first->priority; });
    unsigned sum = 0;
    std::for_each(first, last, [&](const auto& r) { sum += r.weight; });
    unsigned target = std::uniform_int_distribution<unsigned>(0, sum)(random);
    auto chosen = first;
    while (chosen->weight < target) target -= (chosen++)->weight;
    std::rotate(first, chosen, chosen + 1);
  }
  return records;
}

run::Result<std::vector<Route>> resolve(const Whereabouts& where) {
  boundWaiting();
  const auto targets = targetsOf(where);
  if (!targets) return targets.error();
  const bool isDirect = where.proxy.address.empty();
  std::vector<Route> out;
  std::string last = where.proxy.address;
  std::vector<Endpoint> dials;
  int error = isDirect ? 0 : addresses(where.proxy.address, where.proxy.port, dials);
  for (const auto& target : *targets) {
    if (isDirect) {
      dials.clear();
      last = target.host;
      error = addresses(target.host, target.port, dials);
    }
    for (const auto& dial : dials)
      out.push_back({dial, target.directTls, isDirect ? std::string() : target.host,
                     isDirect ? static_cast<unsigned short>(0) : target.port});
  }
  if (out.empty()) return notFound(last, error);
  if (out.size() > mostRoutes) out.resize(mostRoutes);
  return out;
}

}  // namespace beckon::xmpp
