#pragma once

namespace beckon::test {

// A TCP port on 127.0.0.1 that nobody listens at, below the range from which the system takes ports by itself
// (32768 and up), so that no connection of another test gets it meanwhile.
unsigned short freePort();

}  // namespace beckon::test
