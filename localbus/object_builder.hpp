#pragma once

#include "localbus/object.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>

// Objects from ordinary C++ functions:
//
//   ObjectBuilder builder;
//   auto spoken = builder.signal<std::string>("spoken");
//   auto volume = builder.property<float>("volume", 0.5f);
//   builder.method("say", [spoken](std::string text) { spoken(text); });
//   builder.method("later", [](Reply<int> reply, int x) { ... reply(x + 1) when it is known ... });
//   std::shared_ptr<Object> object = builder.build();
//
// Ids are given in the order of declaration, from 100. A method's parameters and result are any types with a
// qi::Codec; a result may be wrapped in run::Result. A method may take a Caller, or a Reply<R> to
// answer later, as its first parameter. A signal or property handle may outlive the object: it then does nothing.
namespace beckon::localbus {

// Answers a call later: with an R or a run::Result<R>, once.
template <class R>
class Reply {
 public:
  explicit Reply(Responder respond) : respond_(std::move(respond)) {}
  void operator()(run::Result<R> result) {
    if (!result) return respond_(result.error());
    if constexpr (std::is_void_v<R>) {
      respond_(qi::Bytes());
    } else if constexpr (std::is_same_v<R, qi::SharedRaw>) {
      respond_.raw(*result);
    } else if (const auto format = respond_.format()) {
      respond_(qi::encode<R>(*result, *format));
    }
  }
  // `handler` is called once if the caller cancels or goes before the answer. It may stop the work and say
  // canceled(), or let it end as ever.
  void onCancel(run::UniqueFunction<void()> handler) { respond_.onCancel(std::move(handler)); }
  void canceled() { respond_.canceled(); }

 private:
  Responder respond_;
};

// Emits to all subscribers; may be copied into methods.
template <class... Args>
class SignalHandle {
 public:
  SignalHandle(std::shared_ptr<std::weak_ptr<Object>> object, std::uint32_t id) : object_(std::move(object)), id_(id) {}
  void operator()(const Args&... args) const {
    if (const auto object = object_->lock())
      object->emit(id_, [&](const qi::ObjectFormat& format) { return qi::encodeAll(format, args...); });
  }

 private:
  std::shared_ptr<std::weak_ptr<Object>> object_;
  std::uint32_t id_;
};

// Holds the value; a change is an event to all subscribers.
template <class T>
class PropertyHandle {
 public:
  PropertyHandle(SignalHandle<T> changed, T value)
      : changed_(std::move(changed)), value_(std::make_shared<T>(std::move(value))) {}
  const T& get() const { return *value_; }
  void set(T value) const {
    *value_ = std::move(value);
    changed_(*value_);
  }

 private:
  SignalHandle<T> changed_;
  std::shared_ptr<T> value_;
};

namespace detail {

template <class F>
struct FunctionTraits : FunctionTraits<decltype(&F::operator())> {};
template <class R, class... Args>
struct FunctionTraits<R(Args...)> {
  using Return = R;
  using Arguments = std::tuple<std::remove_cvref_t<Args>...>;
};
template <class R, class... Args>
struct FunctionTraits<R (*)(Args...)> : FunctionTraits<R(Args...)> {};
template <class C, class R, class... Args>
struct FunctionTraits<R (C::*)(Args...)> : FunctionTraits<R(Args...)> {};
template <class C, class R, class... Args>
struct FunctionTraits<R (C::*)(Args...) const> : FunctionTraits<R(Args...)> {};

template <class R>
struct Unwrapped {
  using Type = R;
};
template <class R>
struct Unwrapped<run::Result<R>> {
  using Type = R;
};

// Splits off a leading Caller or Reply<R>.
template <class R, class Arguments>
struct Call {
  using Return = typename Unwrapped<R>::Type;
  using Parameters = Arguments;
  using First = void;
};
template <class R, class... Rest>
struct Call<R, std::tuple<Caller, Rest...>> : Call<R, std::tuple<Rest...>> {
  using First = Caller;
};
template <class R, class... Rest>
struct Call<void, std::tuple<Reply<R>, Rest...>> {
  using Return = R;
  using Parameters = std::tuple<Rest...>;
  using First = Reply<R>;
};

// A function that has answered when it returns; First is void or Caller.
template <class F, class First, class R, class Parameters>
class Function;
template <class F, class First, class R, class... Args>
class Function<F, First, R, std::tuple<Args...>> final : public DirectMethod<R(Args...)> {
 public:
  explicit Function(F function) : function_(std::move(function)) {}

  run::Result<R> call(const Caller& caller, Args&... args) override {
    const auto invoke = [&]() -> decltype(auto) {
      if constexpr (std::is_same_v<First, Caller>)
        return std::invoke(function_, Caller(caller), std::move(args)...);
      else
        return std::invoke(function_, std::move(args)...);
    };
    if constexpr (std::is_void_v<decltype(invoke())>) {
      invoke();
      return {};
    } else {
      return invoke();
    }
  }

  // The same for a caller who sent a message.
  void answer(Invocation& call) {
    auto arguments = qi::decode<std::tuple<Args...>>(call.arguments, call.format);
    if (!arguments) return call.respond(unreadableArguments(arguments.error()));
    auto result = std::apply([&](Args&... args) { return this->call(call.caller, args...); }, *arguments);
    Reply<R> reply(std::move(call.respond));
    reply(std::move(result));
  }

 private:
  F function_;
};

}  // namespace detail

class ObjectBuilder {
 public:
  ObjectBuilder();

  template <class F>
  std::uint32_t method(const std::string& name, F function, const std::string& description = {}) {
    using Traits = detail::FunctionTraits<F>;
    using Call = detail::Call<typename Traits::Return, typename Traits::Arguments>;
    using Parameters = typename Call::Parameters;
    if constexpr (qi::isReadInPlace<Parameters>) built_->inPlace_.insert(nextId_);
    std::string returns(qi::returnText<typename Call::Return>());
    std::string parameters(qi::signatureText<Parameters>());
    if constexpr (std::is_same_v<typename Call::First, Reply<typename Call::Return>>) {
      return addMethod(name, std::move(returns), std::move(parameters), description,
                       [function = std::move(function)](Invocation call) mutable {
                         auto arguments = qi::decode<Parameters>(call.arguments, call.format);
                         if (!arguments) return call.respond(unreadableArguments(arguments.error()));
                         typename Call::First reply(std::move(call.respond));
                         std::apply(function, std::tuple_cat(std::make_tuple(std::move(reply)), std::move(*arguments)));
                       });
    } else {
      using Function = detail::Function<F, typename Call::First, typename Call::Return, Parameters>;
      const auto method = std::make_shared<Function>(std::move(function));
      const auto id = addMethod(name, std::move(returns), std::move(parameters), description,
                                [method](Invocation call) { method->answer(call); });
      addDirectMethod(id, method);
      return id;
    }
  }

  // `kind`: what becomes of its events when a subscriber does not read (event_queue.hpp).
  template <class... Args>
  SignalHandle<Args...> signal(const std::string& name, SignalClass kind = SignalClass::event) {
    return {object_, addSignal(name, std::string(qi::signatureText<std::tuple<Args...>>()), kind)};
  }

  // `accept` is asked before a peer's new value is taken; absent: every value is. What it refuses keeps
  // the old value and tells the peer why.
  template <class T>
  PropertyHandle<T> property(const std::string& name, T initial, std::function<run::Result<>(const T&)> accept = {}) {
    const auto id = nextId_;
    PropertyHandle<T> handle(SignalHandle<T>(object_, id), std::move(initial));
    addProperty(name, std::string(qi::signatureText<T>()),
                {[handle] { return qi::toValue(handle.get()); },
                 [handle, accept = std::move(accept)](const qi::Value& value) -> run::Result<> {
                   auto typed = qi::fromValue<T>(value);
                   if (!typed) return typed.error();
                   if (accept)
                     if (auto accepted = accept(*typed); !accepted) return accepted;
                   handle.set(std::move(*typed));
                   return {};
                 }});
    return handle;
  }

  // Ends the builder's use.
  std::shared_ptr<Object> build();

 private:
  std::uint32_t addMethod(const std::string& name, std::string returns, std::string parameters,
                          const std::string& description, Object::Method method);
  void addDirectMethod(std::uint32_t id, std::shared_ptr<AnyDirectMethod> method);
  std::uint32_t addSignal(const std::string& name, std::string signature, SignalClass kind);
  std::uint32_t addProperty(const std::string& name, const std::string& signature, Object::Property property);

  std::shared_ptr<Object> built_;
  std::shared_ptr<std::weak_ptr<Object>> object_;  // what handles hold
  std::uint32_t nextId_ = qi::firstUserAction;
};

}  // namespace beckon::localbus
