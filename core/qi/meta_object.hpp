#pragma once

#include "core/qi/codec.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::qi {

// What an object offers, as metaObject (action 2) tells it. Field names and order are libqi's.
struct MetaMethodParameter {
  std::string name, description;
  bool operator==(const MetaMethodParameter&) const = default;
};

struct MetaMethod {
  std::uint32_t uid = 0;
  std::string returnSignature, name, parametersSignature, description;
  std::vector<MetaMethodParameter> parameters;
  std::string returnDescription;
  bool operator==(const MetaMethod&) const = default;
};

struct MetaSignal {
  std::uint32_t uid = 0;
  std::string name, signature;
  bool operator==(const MetaSignal&) const = default;
};

struct MetaProperty {
  std::uint32_t uid = 0;
  std::string name, signature;
  bool operator==(const MetaProperty&) const = default;
};

// Methods, signals and properties share one space of ids; a property has the id of its signal.
struct MetaObject {
  std::map<std::uint32_t, MetaMethod> methods;
  std::map<std::uint32_t, MetaSignal> signals;
  std::map<std::uint32_t, MetaProperty> properties;
  std::string description;

  bool operator==(const MetaObject&) const = default;

  // Null where there is none; the pointers are into this object. Overloads: the first in order of id.
  const MetaMethod* findMethod(std::string_view name) const;
  const MetaSignal* findSignal(std::string_view name) const;
  const MetaProperty* findProperty(std::string_view name) const;
};

// Every object has the actions below 100; libqi's tools and ours leave them, and names that begin with an underscore,
// out of listings.
inline constexpr std::uint32_t firstUserAction = 100;
inline bool isHidden(std::string_view name) { return name.starts_with('_'); }  // of a service
inline bool isHidden(std::uint32_t uid, std::string_view name) {               // of a member
  return uid < firstUserAction || isHidden(name);
}

template <>
struct Struct<MetaMethodParameter> {
  using T = MetaMethodParameter;
  static constexpr Text name{"MetaMethodParameter"};
  static constexpr auto fields = std::tuple{Field{Text{"name"}, &T::name}, Field{Text{"description"}, &T::description}};
};

template <>
struct Struct<MetaMethod> {
  using T = MetaMethod;
  static constexpr Text name{"MetaMethod"};
  static constexpr auto fields = std::tuple{Field{Text{"uid"}, &T::uid},
                                            Field{Text{"returnSignature"}, &T::returnSignature},
                                            Field{Text{"name"}, &T::name},
                                            Field{Text{"parametersSignature"}, &T::parametersSignature},
                                            Field{Text{"description"}, &T::description},
                                            Field{Text{"parameters"}, &T::parameters},
                                            Field{Text{"returnDescription"}, &T::returnDescription}};
};

template <>
struct Struct<MetaSignal> {
  using T = MetaSignal;
  static constexpr Text name{"MetaSignal"};
  static constexpr auto fields =
      std::tuple{Field{Text{"uid"}, &T::uid}, Field{Text{"name"}, &T::name}, Field{Text{"signature"}, &T::signature}};
};

template <>
struct Struct<MetaProperty> {
  using T = MetaProperty;
  static constexpr Text name{"MetaProperty"};
  static constexpr auto fields =
      std::tuple{Field{Text{"uid"}, &T::uid}, Field{Text{"name"}, &T::name}, Field{Text{"signature"}, &T::signature}};
};

template <>
struct Struct<MetaObject> {
  using T = MetaObject;
  static constexpr Text name{"MetaObject"};
  static constexpr auto fields =
      std::tuple{Field{Text{"methods"}, &T::methods}, Field{Text{"signals"}, &T::signals},
                 Field{Text{"properties"}, &T::properties}, Field{Text{"description"}, &T::description}};
};

}  // namespace beckon::qi
