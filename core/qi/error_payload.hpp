#pragma once

#include "core/qi/bytes.hpp"

#include <string>

namespace beckon::qi {

// The payload of an Error message: a dynamic that holds a string.
Bytes encodeErrorText(const std::string& text);
// libqi's words for a call that has nobody to go to, which programs look for.
Bytes encodeNotHandled();
// The text of any Error payload. Peers may send other things: a dynamic of another type is shown as JSON,
// bytes that are no dynamic are taken for a plain string, and what is neither is named as such. Valid UTF-8.
std::string decodeErrorText(ByteView payload);

}  // namespace beckon::qi
