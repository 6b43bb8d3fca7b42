#include "apps/cli/bus_target.hpp"

#include "apps/cli/token_file.hpp"
#include "apps/report.hpp"
#include "core/run/machine_id.hpp"
#include "directory/json_call.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace beckon::cli {

Awaitable<std::unique_ptr<BusTarget>> BusTarget::connect(boost::asio::io_context& io, const Command& command,
                                                         run::Log log) {
  const auto endpoint = localbus::Endpoint::parse(command.bus);
  if (!endpoint) co_return endpoint.error();
  const auto tls = apps::diallingTls(command.tls, *endpoint);
  if (!tls) co_return tls.error();
  directory::Session::Options options;
  const auto machine = run::machineId();
  if (!machine) co_return machine.error();
  options.machineId = *machine;
  options.dialTimeout = command.time;
  options.tls = *tls;
  const auto token = tokenFor(*endpoint, command);
  if (!token) co_return token.error();
  if (*token) {
    (*token)->onProblem([](const run::Error& error) { apps::report(error); });
    options.credentials = (*token)->credentials();
    options.moreCredentials = apps::BusToken::renewal(*token);
  }
  auto session = co_await directory::Session::connect(io, *endpoint, options, std::move(log));
  if (!session) co_return session.error();
  co_return std::make_unique<BusTarget>(*session);
}

// Whoever listened to the session is gone when its target is.
BusTarget::~BusTarget() {
  session_->onOpened({});
  session_->onLost({});
  session_->onService({});
  session_->close();
}

void BusTarget::tellOfDirectory() {
  session_->onLost([](const run::Error&) { std::cerr << "the directory is gone, waiting for it" << std::endl; });
  session_->onOpened([] { std::cerr << "the directory is there again" << std::endl; });
}

Awaitable<std::shared_ptr<localbus::RemoteObject>> BusTarget::object(std::string service,
                                                                     std::chrono::milliseconds time) {
  auto found = co_await session_->service(std::move(service), time);
  if (found) path_ = session_->path(**found);
  co_return found;
}

Awaitable<std::vector<ListedService>> BusTarget::services() {
  const auto listed = co_await session_->services();
  if (!listed) co_return listed.error();
  std::vector<ListedService> out;
  for (const auto& info : *listed)
    if (!qi::isHidden(info.name)) out.push_back({info.name, info.serviceId, info.processId, info.endpoints});
  co_return out;
}

Awaitable<qi::MetaObject> BusTarget::info(std::string service) {
  const auto found = co_await object(std::move(service));
  if (!found) co_return found.error();
  co_return (*found)->metaObject();
}

Awaitable<qi::Value> BusTarget::call(std::string service, std::string method, qi::Json arguments,
                                     std::chrono::milliseconds time) {
  const auto found = co_await object(std::move(service), time);
  if (!found) co_return found.error();
  co_return co_await directory::callWithJson(*found, std::move(method), std::move(arguments), time);
}

Awaitable<void> BusTarget::post(std::string service, std::string method, qi::Json arguments) {
  const auto found = co_await object(std::move(service));
  if (!found) co_return found.error();
  if (const auto posted = directory::postWithJson(**found, method, arguments); !posted) co_return posted.error();
  // Its answer says that what went before on the connection has arrived: the program may end now.
  const auto arrived =
      co_await localbus::RemoteObject::open((*found)->connection(), (*found)->service(), (*found)->name());
  if (!arrived) co_return arrived.error();
  co_return run::Result<>();
}

Awaitable<qi::Value> BusTarget::get(std::string service, std::string property, std::chrono::milliseconds time) {
  const auto found = co_await object(std::move(service), time);
  if (!found) co_return found.error();
  co_return co_await (*found)->property(std::move(property), time);
}

Awaitable<void> BusTarget::set(std::string service, std::string property, qi::Json value,
                               std::chrono::milliseconds time) {
  const auto found = co_await object(std::move(service), time);
  if (!found) co_return found.error();
  co_return co_await directory::setWithJson(*found, std::move(property), std::move(value), time);
}

}  // namespace beckon::cli
