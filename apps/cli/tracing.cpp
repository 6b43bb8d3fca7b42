#include "apps/cli/tracing.hpp"

#include "core/qi/utf8.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <iostream>
#include <set>

namespace beckon::cli {

using boost::asio::awaitable;
using run::Result;

namespace {

constexpr std::chrono::seconds longestSettling{1};

}  // namespace

awaitable<Result<>> Tracing::follow(std::string service) {
  const auto self = shared_from_this();
  auto& followed = followed_[service];  // from now on, so that nobody else begins with it
  const auto object = co_await session_->service(service);
  if (!object) followed_.erase(service);
  if (!object || hasEnded_) co_return object ? Result<>() : object.error();
  followed.reader.begin((*object)->metaObject());
  directory::Watch::Handlers handlers;
  handlers.event = [this, service](const qi::Value& event) { told(service, event); };
  handlers.change = [this, service](bool isThere) { changed(service, isThere); };
  auto watching = session_->watch(service, "traceObject", std::move(handlers));
  const auto made = co_await std::move(watching);
  if (!made || hasEnded_) {
    followed_.erase(service);
    co_return made ? Result<>() : made.error();
  }
  followed.watch = *made;
  co_return Result<>();
}

awaitable<Result<>> Tracing::followAll() {
  const auto self = shared_from_this();
  session_->onService([this](bool isThere, std::uint32_t, const std::string& name) {
    if (isThere && !qi::isHidden(name) && !followed_.contains(name))
      boost::asio::co_spawn(session_->executor(), followOrTell(name), boost::asio::detached);
  });
  auto listed = co_await session_->services();
  if (!listed) co_return listed.error();
  // The directory last, which has the number 1: what is asked of it until then is this program's.
  std::sort(listed->begin(), listed->end(), [](const auto& a, const auto& b) { return a.serviceId > b.serviceId; });
  for (const auto& info : *listed)
    if (!qi::isHidden(info.name) && !followed_.contains(info.name)) co_await followOrTell(info.name);
  co_return Result<>();
}

awaitable<void> Tracing::followOrTell(std::string service) {
  const auto self = shared_from_this();
  const auto made = co_await follow(service);
  if (!made && !hasEnded_)
    std::cerr << qi::printable(service) << " is left out: " << qi::printable(made.error().cause) << std::endl;
}

std::vector<std::string> Tracing::services() const {
  std::vector<std::string> names;
  for (const auto& [name, followed] : followed_) names.push_back(name);
  return names;
}

awaitable<void> Tracing::settle() {
  const auto self = shared_from_this();
  std::set<std::shared_ptr<localbus::Connection>> asked;
  for (const auto& name : services()) {
    const auto object = co_await session_->service(name, longestSettling);
    // An answer comes after what its connection carried before.
    if (!object || !asked.insert((*object)->connection()).second) continue;
    co_await localbus::RemoteObject::open((*object)->connection(), (*object)->service(), name, longestSettling);
  }
}

void Tracing::end() {
  hasEnded_ = true;
  session_->onService({});
  followed_.clear();
  handlers_ = {};
}

void Tracing::told(const std::string& service, const qi::Value& event) {
  const auto found = followed_.find(service);
  if (found == followed_.end()) return;
  auto& followed = found->second;
  const auto passed = followed.reader.read(event);
  if (!passed) {
    std::cerr << qi::printable(service) << ": a trace that cannot be read: " << qi::printable(passed.error().cause)
              << std::endl;
    return;
  }
  const auto missed = followed.reader.missed();
  const auto more = missed > followed.missedTold ? missed - followed.missedTold : 0;
  followed.missedTold = std::max(missed, followed.missedTold);
  if (more) handlers_.missed(service, more);
  handlers_.passed(service, *passed);
}

void Tracing::changed(const std::string& service, bool isThere) {
  if (hasEnded_) return;
  const auto found = followed_.find(service);
  if (!isThere && found != followed_.end()) found->second.reader.end();
  std::cerr << qi::printable(service) << (isThere ? " is there again" : " is gone, waiting for it") << std::endl;
  if (isThere) boost::asio::co_spawn(session_->executor(), followAgain(service), boost::asio::detached);
}

awaitable<void> Tracing::followAgain(std::string service) {
  const auto self = shared_from_this();
  const auto object = co_await session_->service(service);
  const auto found = followed_.find(service);
  if (object && found != followed_.end()) found->second.reader.begin((*object)->metaObject());
}

awaitable<Result<std::shared_ptr<Tracing>>> follow(BusTarget& bus, std::string service, Tracing::Handlers handlers) {
  bus.tellOfDirectory();
  const auto tracing = std::make_shared<Tracing>(bus.session(), std::move(handlers));
  auto beginning = service.empty() ? tracing->followAll() : tracing->follow(service);
  const auto begun = co_await std::move(beginning);
  if (begun) co_return tracing;
  tracing->end();
  co_return begun.error();
}

std::string followed(const std::string& service) { return service.empty() ? "all services" : service; }

}  // namespace beckon::cli
