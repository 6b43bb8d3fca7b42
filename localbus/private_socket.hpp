#pragma once

#include "localbus/endpoint.hpp"

namespace beckon::localbus {

// A path for a unix socket that only this user reaches: $XDG_RUNTIME_DIR/beckon, or /tmp/beckon-UID where there is no
// such folder. Removes what processes that ended by force have left there. Errors: unreachable, if the folder cannot be
// made or belongs to somebody else.
run::Result<Endpoint> newPrivateSocket();

}  // namespace beckon::localbus
