#pragma once

#include "directory/interface.hpp"
#include "directory/session.hpp"

#include <functional>
#include <memory>
#include <string>

// The side of an interface that calls, for coroutines on the session's executor:
//
//   const auto lamp = (co_await open<Lamp>(session, "Lamp")).value();
//   const auto done = co_await lamp->turn(true);
//
// A handler that owns what it captured is given a name first: gcc 12 destroys twice what a lambda within a co_await has
// captured by value.
//
// Errors are those of localbus::RemoteObject. Members whose types differ from the service's are converted if they can
// be; a service in this process is called by pointer (docs/design/015).
namespace beckon::directory {

template <>
class Interface<Client> {
 public:
  Interface(std::shared_ptr<localbus::RemoteObject> object, localbus::Duration timeout)
      : object_(std::move(object)), timeout_(timeout) {}
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;

  // The same by names that are known only when the program runs.
  const std::shared_ptr<localbus::RemoteObject>& object() const { return object_; }
  // For each call.
  localbus::Duration timeout() const { return timeout_; }
  // The first member that the service has not, or not with such types.
  const std::optional<run::Error>& missing() const { return missing_; }

  // What `found` holds; otherwise the interface lacks something.
  template <class T>
  std::optional<T> take(run::Result<T> found) {
    if (found) return std::move(*found);
    if (!missing_) missing_ = found.error();
    return {};
  }

 private:
  std::shared_ptr<localbus::RemoteObject> object_;
  localbus::Duration timeout_;
  std::optional<run::Error> missing_;
};

// The interface's events end when this does, or with the connection.
using Subscription = std::shared_ptr<localbus::RemoteObject::Subscription>;

template <class R, class... Args>
class Method<Client, R(Args...)> {
 public:
  Method(Interface<Client>& of, const std::string& name)
      : method_(of.take(of.object()->method<R(Args...)>(name, of.timeout()))) {}
  Awaitable<R> operator()(Args... args) const { return (*method_)(std::move(args)...); }

 private:
  std::optional<localbus::Method<R(Args...)>> method_;
};

template <class... Args>
class Signal<Client, Args...> {
 public:
  using Handler = std::function<void(Args...)>;
  Signal(Interface<Client>& of, std::string name) : of_(of), name_(std::move(name)) {
    of.take(of.object()->signal(name_));
  }
  // `handler` is called with each event until the subscription is destroyed.
  Awaitable<Subscription> subscribe(Handler handler) const {
    auto received = [handler = std::move(handler)](const qi::Value& event) {
      if (auto args = qi::fromValue<std::tuple<Args...>>(event)) std::apply(handler, std::move(*args));
    };
    return of_.object()->subscribeAs(name_, qi::signatureOf<std::tuple<Args...>>(), std::move(received), of_.timeout());
  }

 private:
  const Interface<Client>& of_;
  std::string name_;
};

template <class T>
class Property<Client, T> {
 public:
  Property(Interface<Client>& of, std::string name) : of_(of), name_(name), changed_(of, std::move(name)) {}
  Awaitable<T> get() const {
    auto asking = of_.object()->property(name_, of_.timeout());
    const auto value = co_await std::move(asking);
    if (!value) co_return value.error();
    co_return qi::fromValue<T>(*value);
  }
  Awaitable<> set(T value) const { return of_.object()->setProperty(name_, qi::toValue(value), of_.timeout()); }
  // `handler` is called with each new value.
  Awaitable<Subscription> subscribe(std::function<void(T)> handler) const {
    return changed_.subscribe(std::move(handler));
  }

 private:
  const Interface<Client>& of_;
  std::string name_;
  Signal<Client, T> changed_;
};

// The interface as a proxy of `object`. Error unknownMember or badArguments: the service is another one.
template <template <class> class Declared>
run::Result<std::shared_ptr<Declared<Client>>> proxy(std::shared_ptr<localbus::RemoteObject> object,
                                                     localbus::Duration timeout) {
  auto made = std::shared_ptr<Declared<Client>>(new Declared<Client>{{std::move(object), timeout}});
  if (made->missing()) return *made->missing();
  return made;
}

// The service of that name by its interface; `timeout` is for each call. Errors: those of Session::service and proxy.
template <template <class> class Declared>
Awaitable<std::shared_ptr<Declared<Client>>> open(Session& session, std::string name,
                                                  localbus::Duration timeout = localbus::RemoteObject::defaultTimeout) {
  auto finding = session.service(std::move(name));
  auto object = co_await std::move(finding);
  if (!object) co_return object.error();
  co_return proxy<Declared>(std::move(*object), timeout);
}

}  // namespace beckon::directory
