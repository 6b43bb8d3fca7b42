// A signature that is accepted is written as it was read, agrees with its parts, and its values take what it says.
// Input: the text.
#include "core/qi/convert.hpp"
#include "core/qi/limits.hpp"
#include "core/qi/utf8.hpp"
#include "tests/fuzz/check.hpp"

using namespace beckon::qi;
using beckon::fuzz::check;

namespace {

int levels(const Signature& type) {
  int deepest = 0;
  for (std::size_t i = 0; i < type.size(); ++i) deepest = std::max(deepest, levels(type[i]));
  return 1 + deepest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = beckon::fuzz::textOf({data, size});
  const auto type = Signature::parse(text);
  if (!type) {
    check(isUtf8(type.error().cause) && !type.error().nextStep.empty());
    return 0;
  }
  check(type->text() == text && text.size() <= limits::maxSignature && levels(*type) <= limits::maxDepth);
  check(type->fieldNames().empty() || type->fieldNames().size() == type->size());
  for (std::size_t i = 0; i < type->size(); ++i) check(Signature::parse((*type)[i].text()).value() == (*type)[i]);
  check(Signature::parse(Signature::tupleOf({*type, *type}).text())
            ? Signature::tupleOf({*type, *type}).minSize() == 2 * type->minSize()
            : levels(*type) == limits::maxDepth || 2 * text.size() + 2 > limits::maxSignature);

  const auto value = defaultValue(*type);
  if (!value) return 0;
  check(value->signature().sameType(*type));
  const ObjectFormat smallest{.metaObjectCache = true, .uid = false};
  const Bytes bytes = encodeValue(*value, smallest);
  check(bytes.size() >= type->minSize());
  const auto again = decodeValue(bytes, *type, smallest);
  check(again ? encodeValue(*again, smallest) == bytes : again.error().code == beckon::run::Code::tooLarge);
  return 0;
}
