#include "gateway/doors/command_form.hpp"

#include "core/qi/argument_texts.hpp"
#include "core/qi/utf8.hpp"

#include <sstream>

namespace beckon::gateway {

using qi::Kind;
using xmpp::DataForm;

namespace {

// What a service says of itself goes to people's screens.
constexpr std::size_t longestText = 1000;
std::string shown(std::string_view text) { return qi::printable(text, longestText); }

std::string nameOf(std::size_t argument) { return "argument" + std::to_string(argument + 1); }

std::string_view typeOf(const qi::Signature& type) {
  if (type.kind() == Kind::bool_) return "boolean";
  return qi::isListOfLines(type) ? "text-multi" : "text-single";
}

std::optional<DataForm::Validation> validationOf(Kind kind) {
  if (const auto range = qi::rangeOf(kind)) return DataForm::Validation{"xs:integer", range->least, range->largest};
  if (kind == Kind::float_ || kind == Kind::double_) return DataForm::Validation{"xs:double", {}, {}};
  return {};
}

// A text may be empty, and so may a list.
bool isRequired(const qi::Signature& type) {
  const auto kind = type.kind();
  return kind != Kind::bool_ && kind != Kind::string && kind != Kind::optional && kind != Kind::dynamic &&
         !qi::isListOfLines(type);
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out.push_back(line);
  if (out.empty()) out.emplace_back();
  return out;
}

}  // namespace

DataForm choiceForm(const Callable& of, const std::string& wrong) {
  DataForm out{.type = "form", .title = shown(of.service)};
  if (!wrong.empty()) out.instructions.push_back(shown(wrong));
  out.instructions.emplace_back("Choose what to call.");
  DataForm::Field choice{
      .name = std::string(methodField), .type = "list-single", .label = "Method", .isRequired = true};
  for (const auto& method : of.methods) choice.options.push_back({shown(usage(method)), fullName(method)});
  out.fields.push_back(std::move(choice));
  return out;
}

DataForm argumentForm(const std::string& service, const qi::MetaMethod& method, const DataForm* filled,
                      const std::string& wrong) {
  DataForm out{.type = "form", .title = shown(service + "." + method.name)};
  if (!wrong.empty()) out.instructions.push_back(shown(wrong));
  if (!method.description.empty()) out.instructions.push_back(shown(method.description));
  const auto parameters = parametersOf(method);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& type = parameters[i];
    DataForm::Field field{.name = nameOf(i), .type = std::string(typeOf(type))};
    const auto name = parameterName(method, i);
    field.label = (name.empty() ? "Argument " + std::to_string(i + 1) : shown(name)) + ": " + qi::inWords(type);
    if (i < method.parameters.size()) field.description = shown(method.parameters[i].description);
    field.validation = validationOf(type.kind());
    field.isRequired = isRequired(type);
    if (const auto* before = filled ? filled->field(field.name) : nullptr) field.values = before->values;
    if (field.values.empty() && type.kind() == Kind::bool_) field.values = {"0"};
    out.fields.push_back(std::move(field));
  }
  return out;
}

std::vector<std::string> argumentsIn(const DataForm& filled, const qi::MetaMethod& method) {
  std::vector<std::string> out;
  const auto parameters = parametersOf(method);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto* field = filled.field(nameOf(i));
    const bool isFalse = parameters[i].kind() == Kind::bool_ && (!field || field->values.empty());
    out.push_back(isFalse ? "0" : field ? field->text() : std::string());
  }
  return out;
}

DataForm resultForm(const std::string& title, const qi::Value& value) {
  const auto& inner = value.inner();
  const auto type = inner.signature();
  DataForm::Field field{.name = "result", .type = std::string(typeOf(type)), .label = "Result"};
  if (const auto* list = inner.as<qi::List>(); list && qi::isListOfLines(type))
    for (const auto& item : list->items) field.values.push_back(qi::toText(item));
  else if (const auto* truth = inner.as<bool>())
    field.values = {*truth ? "1" : "0"};
  else
    field.values = linesOf(qi::toText(inner));
  if (field.values.size() > 1) field.type = "text-multi";
  return DataForm{.type = "result", .title = shown(title), .fields = {std::move(field)}};
}

}  // namespace beckon::gateway
