#include "core/qi/object_exchange.hpp"

namespace beckon::qi {

ObjectRef CarriedObjects::give(const ObjectRef& object, const ObjectFormat&) {
  carried_.push_back(object);
  ObjectRef ticket;
  ticket.object = static_cast<std::uint32_t>(carried_.size() - 1);
  return ticket;
}

run::Result<> CarriedObjects::take(ObjectRef& object) {
  object = carried_.at(object.object);
  return {};
}

}  // namespace beckon::qi
