#include "core/qi/error_payload.hpp"

#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "core/qi/value_coder.hpp"

namespace beckon::qi {

Bytes encodeErrorText(const std::string& text) { return encode(Value(text)); }
Bytes encodeNotHandled() { return encodeErrorText("The call request could not be handled."); }

std::string decodeErrorText(ByteView payload) {
  if (const auto value = decode<Value>(payload)) {
    const Value& content = value->inner();
    if (const auto* text = content.as<std::string>()) return printable(*text);
    if (!content.as<Void>()) return toJsonText(content);
  } else if (const auto text = decode<std::string>(payload)) {
    return printable(*text);
  }
  return "an error without a readable text (" + std::to_string(payload.size()) + " bytes)";
}

}  // namespace beckon::qi
