#pragma once

namespace beckon::bench {

// Nanoseconds of co_await method(number) where the service is in the same process, by a typed method.
double callWithinTheProcess();
// Of a virtual function that does the same.
double callVirtualFunction();

}  // namespace beckon::bench
