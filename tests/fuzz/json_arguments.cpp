// Arguments that a user may type: refused with a cause and a next step, or exact from then on.
// Input: the signature of the parameters, a zero byte, the JSON.
#include "core/qi/convert.hpp"
#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "tests/fuzz/check.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace beckon::qi;
using beckon::fuzz::check;

namespace {

template <class T>
bool explained(const beckon::run::Result<T>& result) {
  return result || (isUtf8(result.error().cause) && !result.error().cause.empty() && !result.error().nextStep.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = beckon::fuzz::textOf({data, size});
  const std::size_t zero = input.find('\0');
  if (zero == std::string_view::npos) return 0;
  const auto parameters = Signature::parse(input.substr(0, zero));
  const auto json = parseJson(input.substr(zero + 1));
  check(explained(json));
  if (!parameters || !json || parameters->kind() != Kind::tuple) return 0;

  const auto arguments = argumentsFromJson(*json, *parameters);
  check(explained(arguments));
  if (!arguments) return 0;
  check(arguments->signature().sameType(*parameters));
  const Bytes bytes = encodeValue(*arguments, wholeObjects);
  const auto decoded = decodeValue(bytes, *parameters, wholeObjects);
  // The limits of a message are narrower than what JSON can say in as many bytes.
  check(decoded ? encodeValue(*decoded, wholeObjects) == bytes : decoded.error().code == beckon::run::Code::tooLarge);
  const auto again = argumentsFromJson(toJson(*arguments), *parameters);
  if (parameters->fieldNames().empty()) check(again && encodeValue(*again, wholeObjects) == bytes);
  return 0;
}
