#pragma once

#include "directory/interface.hpp"
#include "directory/session.hpp"
#include "localbus/object_builder.hpp"

#include <boost/asio/co_spawn.hpp>

#include <functional>
#include <string>
#include <vector>

// The side of an interface that serves. Assign a function to each method, then provide() it:
//
//   Lamp<Service> lamp;
//   lamp.turn = [&](bool on) { lamp.level.set(on ? 100 : 0); };
//   lamp.fade = [&](std::int32_t to) -> Awaitable<> { ... };   // a coroutine, on the session's executor
//
// The interface outlives the session.
namespace beckon::directory {

template <>
class Interface<Service> {
 public:
  Interface() = default;
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;

  // What is registered; once. Error invalidArgument: a method has no function.
  run::Result<std::shared_ptr<localbus::Object>> object(localbus::Executor executor);

 private:
  template <class Side, class Signature>
  friend class Method;
  template <class Side, class... Args>
  friend class Signal;
  template <class Side, class T>
  friend class Property;

  // Declares a method; false if it has no function.
  using Declare = std::function<bool(localbus::ObjectBuilder&, const localbus::Executor&)>;
  struct Declared {
    std::string name;
    Declare declare;
  };
  localbus::ObjectBuilder builder_;
  std::vector<Declared> methods_;
};

template <class R, class... Args>
class Method<Service, R(Args...)> {
 public:
  Method(Interface<Service>& of, std::string name) {
    of.methods_.push_back({name, [this, name](localbus::ObjectBuilder& builder, const localbus::Executor& executor) {
                             return declare_ && (declare_(builder, name, executor), true);
                           }});
  }
  Method(const Method&) = delete;

  // A function that gives R or run::Result<R>, or a coroutine that gives Awaitable<R>.
  template <class F>
  requires std::is_invocable_v<F&, Args...> Method& operator=(F function) {
    using Given = std::invoke_result_t<F&, Args...>;
    if constexpr (std::is_same_v<Given, Awaitable<R>>) {
      // Kept here: a coroutine uses what its lambda captured until it ends.
      const auto body = std::make_shared<F>(std::move(function));
      declare_ = [body](localbus::ObjectBuilder& builder, const std::string& name, const localbus::Executor& executor) {
        builder.method(name, [body, executor](localbus::Reply<R> reply, Args... args) {
          const auto answer = std::make_shared<localbus::Reply<R>>(std::move(reply));
          boost::asio::co_spawn(executor, (*body)(std::move(args)...),
                                [body, answer](std::exception_ptr thrown, run::Result<R> result) {
                                  if (!thrown) (*answer)(std::move(result));
                                });
        });
      };
    } else {
      declare_ = [function](localbus::ObjectBuilder& builder, const std::string& name, const localbus::Executor&) {
        builder.method(name, [function](Args... args) mutable -> run::Result<R> {
          if constexpr (std::is_void_v<Given>) {
            function(std::move(args)...);
            return {};
          } else {
            return function(std::move(args)...);
          }
        });
      };
    }
    return *this;
  }

 private:
  std::function<void(localbus::ObjectBuilder&, const std::string&, const localbus::Executor&)> declare_;
};

// Emits to all subscribers.
template <class... Args>
class Signal<Service, Args...> {
 public:
  Signal(Interface<Service>& of, const std::string& name) : emit_(of.builder_.signal<Args...>(name)) {}
  void operator()(const Args&... args) const { emit_(args...); }

 private:
  localbus::SignalHandle<Args...> emit_;
};

// Holds the value, at first T{}; a change is an event to all subscribers.
template <class T>
class Property<Service, T> {
 public:
  using Accept = std::function<run::Result<>(const T&)>;
  Property(Interface<Service>& of, const std::string& name)
      : handle_(of.builder_.property<T>(
            name, T{}, [accept = accept_](const T& wanted) { return *accept ? (*accept)(wanted) : run::Result<>(); })) {
  }
  const T& get() const { return handle_.get(); }
  void set(T value) const { handle_.set(std::move(value)); }
  // Asked before a client's value is taken; what it refuses keeps the old one and tells the client why.
  void onSet(Accept accept) { *accept_ = std::move(accept); }

 private:
  std::shared_ptr<Accept> accept_ = std::make_shared<Accept>();
  localbus::PropertyHandle<T> handle_;
};

// Registers `service`, which outlives the session, under `name`; returns its id.
// Errors: invalidArgument, nameTaken, unreachable.
Awaitable<std::uint32_t> provide(Session& session, std::string name, Interface<Service>& service);

}  // namespace beckon::directory
