#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace beckon::run {

template <class Signature>
class UniqueFunction;

// A callable that may be moved but not copied, so that it can own what it captures. Calling an empty one
// is a fault of the caller. (std::move_only_function is C++23.)
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, UniqueFunction> && std::is_invocable_r_v<R, F&, Args...>)
      UniqueFunction(F&& function)
      : held_(std::make_unique<Held<std::decay_t<F>>>(std::forward<F>(function))) {}

  explicit operator bool() const { return held_ != nullptr; }
  R operator()(Args... args) { return held_->call(std::forward<Args>(args)...); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Held final : Base {
    template <class G>
    explicit Held(G&& from) : function(std::forward<G>(from)) {}
    R call(Args... args) override {
      if constexpr (std::is_void_v<R>)
        function(std::forward<Args>(args)...);
      else
        return function(std::forward<Args>(args)...);
    }
    F function;
  };
  std::unique_ptr<Base> held_;
};

}  // namespace beckon::run
