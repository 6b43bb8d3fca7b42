#pragma once

#include "localbus/object.hpp"
#include "localbus/remote_object.hpp"

// Objects as arguments, results and fields of C++ types: an object of ours goes out as std::shared_ptr<Object>, one of
// a peer comes in as std::shared_ptr<RemoteObject>, which may also be passed on. Null is the null object.
namespace beckon::qi {

template <class T>
requires std::derived_from<T, LiveObject>
struct Codec<std::shared_ptr<T>> {
  static constexpr Text signature{"o"};
  static constexpr std::size_t minSize = Codec<ObjectRef>::minSize;
  static void write(Writer& to, const std::shared_ptr<T>& value) {
    ObjectRef object;
    if (value) {
      object.metaObject = {value, &value->metaObject()};
      object.uid = value->uid();
      object.live = value;
    }
    Codec<ObjectRef>::write(to, object);
  }
  static void read(Reader& from, std::shared_ptr<T>& value) {
    ObjectRef object;
    Codec<ObjectRef>::read(from, object);
    value = std::dynamic_pointer_cast<T>(object.live);
    if (object.live && !value) from.fail({run::Code::badArguments, "the object lives in another process", {}});
  }
};

}  // namespace beckon::qi
