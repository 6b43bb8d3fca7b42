#include "apps/doctor/bus_facts.hpp"

#include "apps/doctor/resolve.hpp"
#include "apps/doctor/together.hpp"
#include "core/qi/convert.hpp"
#include "core/qi/error_payload.hpp"
#include "core/qi/utf8.hpp"
#include "localbus/endpoint.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <algorithm>
#include <map>

namespace beckon::doctor {

using localbus::Endpoint;
using qi::MessageType;
using run::Code;
using run::Error;
using run::Result;

namespace {

// More are not tried: a robot with a hundred programs has as many.
constexpr std::size_t mostTried = 128;

Error unreadable(const std::string& what) {
  return {Code::protocolError, "its answer cannot be read: " + what, "check that a qi directory listens there"};
}

asio::awaitable<Result<qi::Value>> ask(Exchange& peer, const qi::MetaMethod& method, Deadline until) {
  auto calling = peer.call({qi::directoryService, qi::mainObject, method.uid}, {}, until);
  const auto answer = co_await std::move(calling);
  if (!answer) co_return answer.error();
  if (answer->header.type == MessageType::error)
    co_return Error{Code::callFailed, qi::decodeErrorText(answer->payload), {}};
  if (answer->header.flags & qi::flags::dynamicPayload) co_return qi::decode<qi::Value>(answer->payload);
  const auto type = qi::Signature::parse(method.returnSignature);
  if (!type) co_return type.error();
  co_return qi::decodeValue(answer->payload, *type);
}

}  // namespace

asio::awaitable<Result<BusFacts>> readBus(Exchange& peer, Deadline until) {
  const qi::Address members{qi::directoryService, qi::mainObject, qi::action::metaObject};
  auto calling = peer.call(members, qi::encode(std::uint32_t{0}), until);
  const auto answer = co_await std::move(calling);
  if (!answer) co_return answer.error();
  if (answer->header.type == MessageType::error)
    co_return Error{Code::callFailed, qi::decodeErrorText(answer->payload), {}};
  const auto meta = qi::decode<qi::MetaObject>(answer->payload);
  if (!meta) co_return unreadable(meta.error().cause);
  const auto found = std::ranges::find(
      meta->methods, "services", [](const auto& entry) -> const auto& { return entry.second.name; });
  if (found == meta->methods.end())
    co_return Error{Code::protocolError, "service 1 is no directory: it has no method \"services\"",
                    "give the port of the bus's directory"};
  BusFacts facts;
  if (const auto type = qi::Signature::parse(found->second.returnSignature);
      type && type->kind() == qi::Kind::list && (*type)[0].kind() == qi::Kind::tuple) {
    facts.infoFields = (*type)[0].size();
    facts.hasObjectUid = std::ranges::count((*type)[0].fieldNames(), "objectUid") > 0;
  }
  const auto listed = co_await ask(peer, found->second, until);
  if (!listed) co_return listed.error();
  auto services = qi::fromValue<std::vector<directory::ServiceInfo>>(*listed);
  if (!services) co_return unreadable(services.error().cause);
  facts.services = std::move(*services);
  co_return facts;
}

asio::awaitable<bool> isPassedOn(Exchange& directory, std::uint32_t service, Deadline until) {
  const qi::Address members{service, qi::mainObject, qi::action::metaObject};
  auto calling = directory.call(members, qi::encode(std::uint32_t{0}), until);
  const auto answer = co_await std::move(calling);
  co_return answer && answer->header.type == MessageType::reply;
}

namespace {

// The endpoints that were tried, and what came of each: empty if it answers.
using Tried = std::map<std::string, std::string>;

asio::awaitable<std::string> tryTcp(Endpoint endpoint, Deadline until) {
  auto resolving = resolve(endpoint.host, until);
  const auto addresses = co_await std::move(resolving);
  if (!addresses) co_return addresses.error().cause;
  const asio::ip::tcp::endpoint first(addresses->front(), endpoint.port);
  const auto stream = co_await Stream::connect(first, until);
  if (!stream) co_return stream.error().cause;
  co_return std::string();
}

std::string tryUnix(const Endpoint& endpoint, const asio::any_io_executor& executor) {
  asio::local::stream_protocol::socket socket(executor);
  boost::system::error_code problem;
  socket.connect(asio::local::stream_protocol::endpoint(endpoint.path), problem);
  return problem ? problem.message() : "";
}

// As a session chooses among them (Peers).
std::vector<Endpoint> candidates(const directory::ServiceInfo& info, bool isLocal) {
  std::vector<Endpoint> out;
  for (const auto& url : info.endpoints)
    if (const auto endpoint = Endpoint::parse(url); endpoint && (isLocal || !endpoint->isLoopback()))
      out.push_back(*endpoint);
  return out;
}

asio::awaitable<Tried> tryAll(std::vector<Endpoint> endpoints, Deadline until) {
  const auto executor = co_await asio::this_coro::executor;
  Tried tried;
  std::vector<std::string> urls;
  std::vector<asio::awaitable<std::string>> attempts;
  for (const auto& endpoint : endpoints) {
    if (attempts.size() == mostTried) break;
    if (const auto url = endpoint.url(); tried.emplace(url, "").second) {
      if (endpoint.isUnix()) {
        tried[url] = tryUnix(endpoint, executor);
        continue;
      }
      urls.push_back(url);
      attempts.push_back(tryTcp(endpoint, until));
    }
  }
  auto trying = together(std::move(attempts));
  const auto problems = co_await std::move(trying);
  for (std::size_t i = 0; i < urls.size(); ++i) tried[urls[i]] = problems[i];
  co_return tried;
}

}  // namespace

asio::awaitable<std::vector<Unreached>> unreached(const std::vector<directory::ServiceInfo>& services,
                                                  std::string machineId, asio::ip::tcp::endpoint dialled,
                                                  Exchange& directory, Deadline until) {
  const auto isDirectory = [&](const Endpoint& endpoint) {
    boost::system::error_code isName;
    return endpoint.port == dialled.port() && asio::ip::make_address(endpoint.host, isName) == dialled.address();
  };
  std::vector<Endpoint> all;
  for (const auto& info : services)
    for (const auto& endpoint : candidates(info, info.machineId == machineId)) all.push_back(endpoint);
  auto trying = tryAll(std::move(all), until - std::chrono::milliseconds(500));
  const auto tried = co_await std::move(trying);

  std::vector<Unreached> out;
  for (const auto& info : services) {
    if (info.serviceId == qi::directoryService) continue;
    const auto ways = candidates(info, info.machineId == machineId);
    const bool isReached = std::ranges::any_of(ways, [&](const Endpoint& endpoint) {
      const auto found = tried.find(endpoint.url());
      return isDirectory(endpoint) || found == tried.end() || found->second.empty();
    });
    if (isReached || co_await isPassedOn(directory, info.serviceId, until)) continue;
    const auto shown = ways.empty() ? (info.endpoints.empty() ? "no endpoint" : info.endpoints.front()) : ways[0].url();
    const auto why = ways.empty() ? "only on the computer where it runs" : tried.at(shown);
    out.push_back({qi::printable(info.name, 60), qi::printable(shown, 80) + ": " + why});
  }
  co_return out;
}

}  // namespace beckon::doctor
