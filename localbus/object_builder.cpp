#include "localbus/object_builder.hpp"

namespace beckon::localbus {
namespace {

struct Standard {
  std::uint32_t id;
  const char* name;
  std::string_view parameters;
  std::string_view returns;
};

// What every object has; libqi's clients look these up by name and signature.
const Standard standardMethods[] = {
    {qi::action::registerEvent, "registerEvent", "(IIL)", "L"},
    {qi::action::unregisterEvent, "unregisterEvent", "(IIL)", "v"},
    {qi::action::metaObject, "metaObject", "(I)", qi::signatureText<qi::MetaObject>()},
    {qi::action::terminate, "terminate", "(I)", "v"},
    {qi::action::property, "property", "(m)", "m"},
    {qi::action::setProperty, "setProperty", "(mm)", "v"},
    {qi::action::properties, "properties", "()", "[s]"},
    {qi::action::registerEventWithSignature, "registerEventWithSignature", "(IILs)", "L"},
    {qi::action::isStatsEnabled, "isStatsEnabled", "()", "b"},
    {qi::action::enableStats, "enableStats", "(b)", "v"},
    {qi::action::stats, "stats", "()", qi::signatureText<std::map<std::uint32_t, MethodStatistics>>()},
    {qi::action::clearStats, "clearStats", "()", "v"},
    {qi::action::isTraceEnabled, "isTraceEnabled", "()", "b"},
    {qi::action::enableTrace, "enableTrace", "(b)", "v"},
};

}  // namespace

ObjectBuilder::ObjectBuilder()
    : built_(std::make_shared<Object>()), object_(std::make_shared<std::weak_ptr<Object>>(built_)) {
  for (const auto& standard : standardMethods)
    built_->metaObject_.methods[standard.id] = {
        standard.id, std::string(standard.returns), standard.name, std::string(standard.parameters), {}, {}, {}};
  built_->metaObject_.signals[qi::action::traceObject] = {qi::action::traceObject, "traceObject",
                                                          std::string(qi::signatureText<std::tuple<EventTrace>>())};
}

std::uint32_t ObjectBuilder::addMethod(const std::string& name, std::string returns, std::string parameters,
                                       const std::string& description, Object::Method method) {
  built_->methods_[nextId_] = std::move(method);
  built_->metaObject_.methods[nextId_] = {nextId_, std::move(returns), name, std::move(parameters), description, {},
                                          {}};
  return nextId_++;
}

void ObjectBuilder::addDirectMethod(std::uint32_t id, std::shared_ptr<AnyDirectMethod> method) {
  built_->directMethods_[id] = std::move(method);
}

std::uint32_t ObjectBuilder::addSignal(const std::string& name, std::string signature, SignalClass kind) {
  if (kind != SignalClass::event) built_->classes_[nextId_] = kind;
  built_->metaObject_.signals[nextId_] = {nextId_, name, std::move(signature)};
  return nextId_++;
}

std::uint32_t ObjectBuilder::addProperty(const std::string& name, const std::string& signature,
                                         Object::Property property) {
  built_->properties_[nextId_] = std::move(property);
  built_->metaObject_.properties[nextId_] = {nextId_, name, signature};
  return addSignal(name, "(" + signature + ")", SignalClass::state);
}

std::shared_ptr<Object> ObjectBuilder::build() { return std::move(built_); }

}  // namespace beckon::localbus
