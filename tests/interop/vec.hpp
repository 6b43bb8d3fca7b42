#pragma once

#include "localbus/object_builder.hpp"
#include "localbus/object_value.hpp"
#include "localbus/remote_object.hpp"

#include <algorithm>

// The service of the recorded messages, made by us: the same members under the same ids.
namespace beckon::test {

struct Point {
  std::int32_t x = 0;
  double y = 0;
  std::string label;
  bool operator==(const Point&) const = default;
};

}  // namespace beckon::test

template <>
struct beckon::qi::Struct<beckon::test::Point> {
  using T = beckon::test::Point;
  static constexpr Text name{"Point"};
  static constexpr auto fields =
      std::tuple{Field{Text{"x"}, &T::x}, Field{Text{"y"}, &T::y}, Field{Text{"label"}, &T::label}};
};

namespace beckon::test {

// What Vec makes, and what its callers pass to it.
inline std::shared_ptr<localbus::Object> makeChild() {
  localbus::ObjectBuilder builder;
  builder.method("answer", [] { return std::int32_t{42}; });
  builder.signal<std::int32_t>("childSig");
  return builder.build();
}

// `added` is told each result of add().
inline std::shared_ptr<localbus::Object> makeVec(std::function<void(std::int32_t)> added = {}) {
  using localbus::Reply;
  using run::Code;
  using run::Error;
  using run::Result;
  localbus::ObjectBuilder builder;
  const auto same = [&]<class T>(const std::string& name, T) {
    builder.method(name, [](const T& value) { return value; });
  };
  builder.method("add", [added](std::int32_t a, std::int32_t b) {  // 100
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
    if (added) added(sum);
    return sum;
  });
  builder.method("hello", [](const std::string& name) { return "hello " + name; });
  same("eb", bool());
  same("ei8", std::int8_t());
  same("eu8", std::uint8_t());
  same("ei16", std::int16_t());
  same("eu16", std::uint16_t());
  same("ei32", std::int32_t());
  same("eu32", std::uint32_t());
  same("ei64", std::int64_t());
  same("eu64", std::uint64_t());
  same("ef", float());
  same("ed", double());
  same("es", std::string());
  same("er", qi::Bytes());
  same("em", qi::Value());
  same("elist", std::vector<std::int32_t>());
  same("emap", std::map<std::string, std::int32_t>());
  same("estruct", Point());
  same("eopt", std::optional<std::int32_t>());
  same("elm", std::vector<qi::Value>());
  builder.method("many",
                 [](bool, std::int32_t number, float, double, const std::string&, const std::vector<std::string>&,
                    const std::map<std::string, qi::Value>&) { return number; });
  builder.method("nothing", [] {});
  builder.method("fail", []() -> Result<std::int32_t> { return Error{Code::callFailed, "deliberate failure", {}}; });
  builder.method("makeChild", makeChild);
  builder.method("useChild", [](Reply<std::int32_t> reply, const std::shared_ptr<localbus::RemoteObject>& child) {
    if (!child) return reply(Error{Code::callFailed, "no child", {}});
    auto shared = std::make_shared<Reply<std::int32_t>>(std::move(reply));
    child->method<std::int32_t()>("answer").value().call(
        localbus::RemoteObject::defaultTimeout, [shared, child = child](const Result<std::int32_t>& answer) mutable {
          child.reset();
          (*shared)(answer);
        });
  });
  builder.method("nullObj", [] { return std::shared_ptr<localbus::Object>(); });
  builder.method("slow", [](Reply<std::int32_t> reply) {
    const auto shared = std::make_shared<Reply<std::int32_t>>(std::move(reply));
    shared->onCancel([shared] { shared->canceled(); });
  });
  const auto tick = std::make_shared<std::optional<localbus::SignalHandle<std::int32_t, std::string>>>();
  builder.method("fire", [tick](std::int32_t times) {
    for (std::int32_t i = 0; i < std::min(times, 1000); ++i) (**tick)(i, "tick");  // a fuzzed caller wants 2^31
  });
  tick->emplace(builder.signal<std::int32_t, std::string>("tick"));
  builder.property<std::int32_t>("level", 0);  // 130
  return builder.build();
}

}  // namespace beckon::test
