#include "localbus/object_host.hpp"

#include "core/qi/error_payload.hpp"

namespace beckon::localbus {

void ObjectHost::add(std::uint32_t service, std::uint32_t object, std::shared_ptr<BoundObject> hosted) {
  objects_[{service, object}] = std::move(hosted);
}

void ObjectHost::remove(std::uint32_t service) {
  objects_.erase(objects_.lower_bound({service, 0}), objects_.upper_bound({service, 0xFFFFFFFF}));
}

void ObjectHost::received(const std::shared_ptr<Connection>& from, const qi::Message& message) {
  const auto& header = message.header;
  const auto found = objects_.find({header.address.service, header.address.object});
  if (found == objects_.end()) {
    if (onUnknown_ && onUnknown_(from, message)) return;
    if (header.type == qi::MessageType::call)
      from->answer(header.id, header.address, qi::MessageType::error, qi::encodeNotHandled());
    return;
  }
  if (header.version > 0) {
    if (header.type == qi::MessageType::call)
      from->answer(
          header.id, header.address, qi::MessageType::error,
          qi::encodeErrorText("Cannot negotiate QiMessaging connection: remote end doesn't support binary protocol v" +
                              std::to_string(header.version)));
    return;
  }
  const auto object = found->second;  // a handler may remove it
  object->received(from, message);
}

const BoundObject* ObjectHost::hosted(std::uint32_t service, std::uint32_t object) const {
  const auto found = objects_.find({service, object});
  return found == objects_.end() ? nullptr : found->second.get();
}

void ObjectHost::closed(const Connection& connection) {
  for (const auto& [key, object] : objects_) object->released(connection.id(), key.first, key.second);
  if (onClosed_) onClosed_(connection);
}

}  // namespace beckon::localbus
