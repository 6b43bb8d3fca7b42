#pragma once

#include "core/run/error.hpp"
#include "localbus/invocation.hpp"

namespace beckon::localbus {

// A method as callers of this process may call it, without bytes: those whose C++ types are exactly its own, which
// they find out by a cast to DirectMethod.
class AnyDirectMethod {
 public:
  virtual ~AnyDirectMethod() = default;
};

template <class Signature>
class DirectMethod;
template <class R, class... Args>
class DirectMethod<R(Args...)> : public AnyDirectMethod {
 public:
  // Runs the method, which has answered when this returns. Its arguments are used up. Throws what the method throws.
  virtual run::Result<R> call(const Caller& caller, Args&... args) = 0;
};

}  // namespace beckon::localbus
