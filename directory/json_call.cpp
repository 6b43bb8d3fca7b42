#include "directory/json_call.hpp"

#include <nlohmann/json.hpp>

namespace beckon::directory {

using boost::asio::awaitable;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

awaitable<Result<Value>> callWithJson(std::shared_ptr<Session> session, std::string service, std::string method,
                                      qi::Json arguments, localbus::Duration timeout) {
  if (!arguments.is_array())
    co_return Error{Code::badArguments, "the arguments are not a JSON array", "write them as [first, second, ...]"};
  const auto object = co_await session->service(std::move(service), timeout);
  if (!object) co_return object.error();
  const std::size_t given = arguments.size();
  localbus::RemoteObject::Fit fit = [arguments = std::move(arguments)](const qi::Signature& parameters) {
    return qi::argumentsFromJson(arguments, parameters);
  };
  co_return co_await (*object)->call(std::move(method), given, std::move(fit), timeout);
}

awaitable<Result<Value>> getProperty(std::shared_ptr<Session> session, std::string service, std::string property,
                                     localbus::Duration timeout) {
  const auto object = co_await session->service(std::move(service), timeout);
  if (!object) co_return object.error();
  co_return co_await (*object)->property(std::move(property), timeout);
}

awaitable<Result<>> setWithJson(std::shared_ptr<Session> session, std::string service, std::string property,
                                qi::Json value, localbus::Duration timeout) {
  const auto object = co_await session->service(std::move(service), timeout);
  if (!object) co_return object.error();
  // An unknown property is found by setProperty(), whose error names the known ones.
  const auto* meta = (*object)->metaObject().findProperty(property);
  const auto type = qi::Signature::parse(meta ? meta->signature : "m");
  if (!type) co_return type.error();
  auto typed = qi::fromJson(value, *type);
  if (!typed) co_return typed.error();
  co_return co_await (*object)->setProperty(std::move(property), std::move(*typed), timeout);
}

}  // namespace beckon::directory
