#include "core/qi/object_scan.hpp"

#include "core/qi/reader.hpp"

namespace beckon::qi {
namespace {

// Bytes of each value of the kind; 0 where they differ or are none.
std::size_t plainSize(Kind kind) {
  switch (kind) {
    case Kind::bool_:
    case Kind::int8:
    case Kind::uint8:
      return 1;
    case Kind::int16:
    case Kind::uint16:
      return 2;
    case Kind::int32:
    case Kind::uint32:
    case Kind::float_:
      return 4;
    case Kind::int64:
    case Kind::uint64:
    case Kind::double_:
      return 8;
    default:
      return 0;
  }
}

bool scan(Reader& from, const Signature& type);

bool scanElements(Reader& from, const Signature& type) {
  std::size_t minSize = 0;
  for (std::size_t part = 0; part < type.size(); ++part) minSize += type[part].minSize();
  const auto count = from.count(minSize);
  if (type.size() == 1)
    if (const auto size = plainSize(type[0].kind())) {
      from.plain(count * size);
      return false;
    }
  from.admit(count * type.size());
  for (std::size_t left = count; left > 0 && from.ok(); --left)
    for (std::size_t part = 0; part < type.size(); ++part)
      if (scan(from, type[part])) return true;
  return false;
}

bool scanTuple(Reader& from, const Signature& type) {
  from.admit(type.size());
  for (std::size_t field = 0; field < type.size() && from.ok(); ++field) {
    const auto of = type[field];
    if (of.minSize() == 0) from.admitEmpty(1);
    if (scan(from, of)) return true;
  }
  return false;
}

bool scanDynamic(Reader& from) {
  const auto text = from.string();
  if (text.empty()) return false;
  // What most dynamics hold takes no parsing.
  if (text.size() == 1) {
    if (const auto size = plainSize(static_cast<Kind>(text[0]))) {
      from.plain(size);
      return false;
    }
    if (text[0] == 's' || text[0] == 'r') {
      from.sized();
      return false;
    }
  }
  auto type = Signature::parse(text);
  if (type) return scan(from, *type);
  from.fail(std::move(type).error());
  return false;
}

// True: there is one.
bool scan(Reader& from, const Signature& type) {
  const Reader::Nested nested(from);
  if (!from.ok()) return false;
  if (const auto size = plainSize(type.kind())) {
    from.plain(size);
    return false;
  }
  switch (type.kind()) {
    case Kind::void_:
      return false;
    case Kind::string:
    case Kind::raw:
      from.sized();
      return false;
    case Kind::object:
      return true;
    case Kind::list:
    case Kind::varargs:
    case Kind::map:
      return scanElements(from, type);
    case Kind::tuple:
      return scanTuple(from, type);
    case Kind::optional:
      return from.boolean() && scan(from, type[0]);
    case Kind::dynamic:
      return scanDynamic(from);
    default:
      from.fail({run::Code::protocolError, "a type that has no values cannot travel",
                 "declare the member with a type that has values"});
      return false;
  }
}

}  // namespace

run::Result<bool> holdsObjects(ByteView bytes, const Signature& type) {
  Reader reader(bytes);
  const bool holds = scan(reader, type);
  if (!holds && !reader.ok()) return *reader.error();
  return holds;
}

}  // namespace beckon::qi
