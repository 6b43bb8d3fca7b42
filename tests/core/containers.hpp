#pragma once

#include "core/qi/signature.hpp"
#include "core/qi/value.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

// Values that hold others, by the signatures of what they hold.
namespace beckon::qi::test {

inline Value list(const std::string& element, std::vector<Value> items) {
  return List{Signature::of(element), std::move(items)};
}
inline Value map(const std::string& key, const std::string& mapped, std::vector<std::pair<Value, Value>> items) {
  return Map{Signature::of(key), Signature::of(mapped), std::move(items)};
}
inline Value some(const std::string& element, Value content) {
  return Optional{Signature::of(element), std::make_shared<const Value>(std::move(content))};
}
inline Value none(const std::string& element) { return Optional{Signature::of(element), nullptr}; }

}  // namespace beckon::qi::test
