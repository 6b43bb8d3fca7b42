#include "gateway/doors/callable.hpp"

#include "core/qi/argument_texts.hpp"

namespace beckon::gateway {

using boost::asio::awaitable;
using policy::Verb;
using run::Code;
using run::Result;

namespace {

awaitable<Result<Callable>> callable(std::shared_ptr<VisibleBus> bus, VisibleBus::Caller caller, std::string service) {
  Callable out{service, {}};
  const auto object = co_await bus->service(caller, service);
  if (!object) {
    if (object.error().code == Code::unknownService) co_return out;
    co_return object.error();
  }
  for (const auto& [uid, method] : (*object)->metaObject().methods)
    if (!qi::isHidden(uid, method.name) && caller.view->granted(service, method.name).has(Verb::call))
      out.methods.push_back(method);
  co_return out;
}

// What is written for an argument that has no name.
std::string_view word(const qi::Signature& type) {
  const auto kind = type.kind();
  if (kind == qi::Kind::string) return "text";
  if (kind == qi::Kind::bool_) return "true or false";
  if (kind == qi::Kind::float_ || kind == qi::Kind::double_) return "number";
  if (kind == qi::Kind::dynamic) return "text or JSON";
  return qi::rangeOf(kind) ? "whole number" : "JSON";
}

}  // namespace

awaitable<Result<std::vector<Callable>>> callables(std::shared_ptr<VisibleBus> bus, VisibleBus::Caller caller) {
  const auto names = co_await bus->services(caller);
  if (!names) co_return names.error();
  std::vector<Callable> out;
  for (const auto& name : *names) {
    auto one = co_await callable(bus, caller, name);
    // A service that has gone since, or cannot be asked, has nothing to call.
    if (one && !one->methods.empty()) out.push_back(std::move(*one));
  }
  co_return out;
}

awaitable<Result<Named>> named(std::shared_ptr<VisibleBus> bus, VisibleBus::Caller caller, std::string name) {
  auto whole = co_await callable(bus, caller, name);
  if (!whole) co_return whole.error();
  const auto dot = name.substr(0, name.find("::")).rfind('.');
  if (!whole->methods.empty() || dot == std::string::npos) co_return Named{std::move(*whole), {}};
  Named out{{}, name.substr(dot + 1)};
  auto service = co_await callable(bus, caller, name.substr(0, dot));
  if (!service) co_return service.error();
  std::erase_if(service->methods, [&](const qi::MetaMethod& method) {
    return method.name != out.member && fullName(method) != out.member;
  });
  out.found = std::move(*service);
  co_return out;
}

std::string fullName(const qi::MetaMethod& method) { return method.name + "::" + method.parametersSignature; }

std::string_view parameterName(const qi::MetaMethod& method, std::size_t parameter) {
  return parameter < method.parameters.size() ? std::string_view(method.parameters[parameter].name)
                                              : std::string_view();
}

qi::Signature parametersOf(const qi::MetaMethod& method) {
  const auto parameters = qi::Signature::parse(method.parametersSignature);
  return parameters && parameters->kind() == qi::Kind::tuple ? *parameters : qi::Signature::of("()");
}

std::string usage(const qi::MetaMethod& method) {
  std::string out = method.name;
  const auto parameters = parametersOf(method);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto name = parameterName(method, i);
    out += " <" + std::string(name.empty() ? word(parameters[i]) : name) + ">";
  }
  return out;
}

}  // namespace beckon::gateway
