#pragma once

#include "core/qi/bytes.hpp"
#include "core/qi/signature.hpp"

namespace beckon::qi {

// Whether the value of type `type` at the front of `bytes` has an object in it, without building anything: what has
// none may go on to another connection as it is. True as soon as one is met; what follows it is not looked at then.
// Errors: those of decodeValue, but for the length of lists of plain numbers, which are passed over whole.
run::Result<bool> holdsObjects(ByteView bytes, const Signature& type);

}  // namespace beckon::qi
