#include "gateway/lan/shadow_directory.hpp"

#include "core/qi/error_payload.hpp"
#include "policy/view.hpp"

#include <boost/asio/co_spawn.hpp>

namespace beckon::gateway {

using boost::asio::awaitable;
using directory::ServiceInfo;
using localbus::Reply;
using run::Result;

namespace {

// registerService, unregisterService, serviceReady, updateServiceInfo.
constexpr std::uint32_t firstRegistering = 102, lastRegistering = 105;

bool isRegistering(std::uint32_t action) { return action >= firstRegistering && action <= lastRegistering; }

// Statistics, traces and the end of the object are nobody's outside.
bool isUsed(std::uint32_t action) { return action >= qi::firstUserAction || policy::isNeededByClients(action); }

template <class T>
void answerWith(const boost::asio::any_io_executor& executor, awaitable<Result<T>> work, Reply<T> reply) {
  const auto answer = std::make_shared<Reply<T>>(std::move(reply));
  boost::asio::co_spawn(executor, std::move(work), [answer](std::exception_ptr thrown, Result<T> result) {
    if (!thrown) (*answer)(std::move(result));
  });
}

}  // namespace

ShadowDirectory::ShadowDirectory(boost::asio::any_io_executor executor, std::string machineId, Services services)
    : executor_(std::move(executor)), services_(std::move(services)) {
  localbus::ObjectBuilder builder;
  builder.method("service", [this](Reply<ServiceInfo> reply, const std::string& name) {
    answerWith(executor_, services_.find(name), std::move(reply));
  });
  builder.method("services", [this] { return services_.list(); });
  builder.method("registerService", [this](const ServiceInfo& info) { return services_.add(info); });
  builder.method("unregisterService", [this](Reply<void> reply, std::uint32_t id) {
    answerWith(executor_, services_.remove(id), std::move(reply));
  });
  builder.method("serviceReady", [this](Reply<void> reply, std::uint32_t id) {
    answerWith(executor_, services_.ready(id), std::move(reply));
  });
  // Where a provider outside listens is nobody's business: it is called on the connection that it has.
  builder.method("updateServiceInfo", [](const ServiceInfo&) {});
  added_ = builder.signal<std::uint32_t, std::string>("serviceAdded");
  removed_ = builder.signal<std::uint32_t, std::string>("serviceRemoved");
  builder.method("machineId", [machineId = std::move(machineId)] { return machineId; });
  object_ = builder.build();
  forProviders_ = object_->metaObject();
  const auto isUnused = [](const auto& entry) { return !isUsed(entry.first); };
  std::erase_if(forProviders_.methods, isUnused);
  std::erase_if(forProviders_.signals, isUnused);
  forReaders_ = forProviders_;
  std::erase_if(forReaders_.methods, [](const auto& entry) { return isRegistering(entry.first); });
}

const qi::MetaObject& ShadowDirectory::metaObject() const {
  return services_.mayRegister() ? forProviders_ : forReaders_;
}

void ShadowDirectory::received(const std::shared_ptr<localbus::Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const auto action = header.address.action;
  if (action == qi::action::metaObject) {
    if (header.type == qi::MessageType::call)
      from->answer(header.id, header.address, qi::MessageType::reply, qi::encode(metaObject()));
    return;
  }
  // Nobody emits the directory's signals but itself, and nobody hears its trace.
  const bool isPosted = header.type == qi::MessageType::post && forProviders_.signals.contains(action);
  qi::Reader reader(message.payload);
  reader.number<std::uint32_t>();  // a service or object, which nobody agrees on
  const auto signal = reader.number<std::uint32_t>();
  const bool subscribes = action == qi::action::registerEvent || action == qi::action::registerEventWithSignature;
  const bool isHidden = !isUsed(action) || (isRegistering(action) && !services_.mayRegister()) || isPosted;
  if (!isHidden && !(subscribes && !isUsed(signal))) return object_->received(from, message);
  if (header.type == qi::MessageType::call)
    from->answer(header.id, header.address, qi::MessageType::error,
                 qi::encodeErrorText(isHidden ? "No such method" : "No such signal"));
}

}  // namespace beckon::gateway
