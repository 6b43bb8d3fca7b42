#include "directory/json_call.hpp"

#include <nlohmann/json.hpp>

namespace beckon::directory {

using boost::asio::awaitable;
using localbus::RemoteObject;
using qi::Value;
using run::Code;
using run::Error;
using run::Result;

namespace {

const Error noArray{Code::badArguments, "the arguments are not a JSON array", "write them as [first, second, ...]"};

RemoteObject::Fit fitJson(qi::Json arguments) {
  return [arguments = std::move(arguments)](const qi::Signature& parameters) {
    return qi::argumentsFromJson(arguments, parameters);
  };
}

}  // namespace

awaitable<Result<Value>> callWithJson(std::shared_ptr<RemoteObject> object, std::string method, qi::Json arguments,
                                      localbus::Duration timeout) {
  if (!arguments.is_array()) co_return noArray;
  const std::size_t given = arguments.size();
  auto fit = fitJson(std::move(arguments));
  co_return co_await object->call(std::move(method), given, std::move(fit), timeout);
}

Result<> postWithJson(RemoteObject& object, const std::string& method, const qi::Json& arguments) {
  if (!arguments.is_array()) return noArray;
  return object.post(method, arguments.size(), fitJson(arguments));
}

awaitable<Result<>> setWithJson(std::shared_ptr<RemoteObject> object, std::string property, qi::Json value,
                                localbus::Duration timeout) {
  // An unknown property is found by setProperty(), whose error names the known ones.
  const auto* meta = object->metaObject().findProperty(property);
  const auto type = qi::Signature::parse(meta ? meta->signature : "m");
  if (!type) co_return type.error();
  auto typed = qi::fromJson(value, *type);
  if (!typed) co_return typed.error();
  co_return co_await object->setProperty(std::move(property), std::move(*typed), timeout);
}

}  // namespace beckon::directory
