#include "directory/service.hpp"

namespace beckon::directory {

run::Result<std::shared_ptr<localbus::Object>> Interface<Service>::object(localbus::Executor executor) {
  for (const auto& method : methods_)
    if (!method.declare(builder_, executor))
      return run::Error{run::Code::invalidArgument, "the method " + method.name + " has no function",
                        "assign one before the service is provided"};
  return builder_.build();
}

Awaitable<std::uint32_t> provide(Session& session, std::string name, Interface<Service>& service) {
  auto object = service.object(session.executor());
  if (!object) co_return object.error();
  auto registering = session.registerService(std::move(name), std::move(*object));
  co_return co_await std::move(registering);
}

}  // namespace beckon::directory
