#include "core/qi/value.hpp"

namespace beckon::qi {
namespace {

struct SignatureOf {
  Signature operator()(const Void&) const { return Signature(); }
  Signature operator()(const List& list) const {
    return list.varargs ? Signature::varargsOf(list.element) : Signature::listOf(list.element);
  }
  Signature operator()(const Map& map) const { return Signature::mapOf(map.key, map.mapped); }
  Signature operator()(const Tuple& tuple) const {
    std::vector<Signature> fields;
    for (const auto& item : tuple.items) fields.push_back(item.signature());
    return Signature::tupleOf(fields, tuple.annotation);
  }
  Signature operator()(const Dynamic&) const { return constant<'m'>(); }
  Signature operator()(const Optional& optional) const { return Signature::optionalOf(optional.element); }
  Signature operator()(const ObjectRef&) const { return constant<'o'>(); }
  template <class T>
  Signature operator()(const T&) const {
    return signatureOf<T>();
  }

  template <char letter>
  static const Signature& constant() {
    static const Signature signature = Signature::of(std::string(1, letter));
    return signature;
  }
};

}  // namespace

Signature Value::signature() const { return std::visit(SignatureOf{}, data_); }

const Value& Value::inner() const {
  static const Value none;
  const Value* value = this;
  while (const auto* dynamic = value->as<Dynamic>()) {
    if (!dynamic->content) return none;
    value = dynamic->content.get();
  }
  return *value;
}

Value dynamic(Value content) {
  if (content.as<Dynamic>()) return content;
  Signature signature = content.signature();
  return Dynamic{std::move(signature), std::make_shared<const Value>(std::move(content))};
}

}  // namespace beckon::qi
