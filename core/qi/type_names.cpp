#include "core/qi/type_names.hpp"

namespace beckon::qi {

std::string typeNames(const Signature& type) {
  const auto parts = [&] {
    std::string out;
    for (std::size_t i = 0; i < type.size(); ++i) out += (i > 0 ? "," : "") + typeNames(type[i]);
    return out;
  };
  switch (type.kind()) {
    case Kind::void_:
      return "Void";
    case Kind::bool_:
      return "Bool";
    case Kind::int8:
      return "Int8";
    case Kind::uint8:
      return "UInt8";
    case Kind::int16:
      return "Int16";
    case Kind::uint16:
      return "UInt16";
    case Kind::int32:
      return "Int32";
    case Kind::uint32:
      return "UInt32";
    case Kind::int64:
      return "Int64";
    case Kind::uint64:
      return "UInt64";
    case Kind::float_:
      return "Float";
    case Kind::double_:
      return "Double";
    case Kind::string:
      return "String";
    case Kind::raw:
      return "RawBuffer";
    case Kind::dynamic:
      return "Value";
    case Kind::object:
      return "Object";
    case Kind::list:
      return "List<" + parts() + ">";
    case Kind::varargs:
      return "VarArgs<" + parts() + ">";
    case Kind::map:
      return "Map<" + parts() + ">";
    case Kind::optional:
      return "Optional<" + parts() + ">";
    case Kind::tuple:
      return type.structName().empty() ? "(" + parts() + ")" : type.structName();
    case Kind::unknown:
    case Kind::none:
    case Kind::kwargs:
      break;
  }
  return "Unknown";
}

}  // namespace beckon::qi
