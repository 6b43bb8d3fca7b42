#include "core/qi/meta_object.hpp"

namespace beckon::qi {
namespace {

template <class Members>
auto find(const Members& members, std::string_view name) -> const typename Members::mapped_type* {
  for (const auto& [uid, member] : members)
    if (member.name == name) return &member;
  return nullptr;
}

}  // namespace

const MetaMethod* MetaObject::findMethod(std::string_view name) const { return find(methods, name); }
const MetaSignal* MetaObject::findSignal(std::string_view name) const { return find(signals, name); }
const MetaProperty* MetaObject::findProperty(std::string_view name) const { return find(properties, name); }

}  // namespace beckon::qi
