#include "xmpp/data_form.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace beckon::xmpp {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::array<std::string_view, 4> types{"form", "submit", "result", "cancel"};

void addText(Element& to, std::string_view name, const std::string& text) {
  if (!text.empty()) to.add(Element(std::string(name), {}, text));
}

bool isOfForms(const Element& child, std::string_view name) {
  return child.name == name && (child.xmlns.empty() || child.xmlns == DataForm::ns);
}

Element written(const DataForm::Validation& validation) {
  Element out("validate", std::string(DataForm::validateNs));
  out.set("datatype", validation.datatype);
  if (validation.least.empty() && validation.largest.empty()) return out.add(Element("basic"));
  Element range("range");
  if (!validation.least.empty()) range.set("min", validation.least);
  if (!validation.largest.empty()) range.set("max", validation.largest);
  return out.add(std::move(range));
}

Element written(const DataForm::Field& field) {
  Element out("field");
  out.set("var", field.name);
  if (!field.type.empty()) out.set("type", field.type);
  if (!field.label.empty()) out.set("label", field.label);
  addText(out, "desc", field.description);
  if (field.isRequired) out.add(Element("required"));
  if (field.validation) out.add(written(*field.validation));
  for (const auto& value : field.values) out.add(Element("value", {}, value));
  for (const auto& option : field.options) {
    Element choice("option");
    if (!option.label.empty()) choice.set("label", option.label);
    out.add(choice.add(Element("value", {}, option.value)));
  }
  return out;
}

DataForm::Field readField(const Element& element) {
  DataForm::Field out{std::string(element.attribute("var")), std::string(element.attribute("type")),
                      std::string(element.attribute("label"))};
  for (const auto& child : element.children) {
    if (isOfForms(child, "value")) out.values.push_back(child.text);
    if (isOfForms(child, "desc")) out.description = child.text;
    if (isOfForms(child, "required")) out.isRequired = true;
    if (isOfForms(child, "option"))
      out.options.push_back(
          {std::string(child.attribute("label")), std::string(child.childText("value", child.xmlns))});
    if (!child.is("validate", DataForm::validateNs)) continue;
    out.validation.emplace();
    out.validation->datatype = child.attribute("datatype");
    if (const auto* range = child.child("range", DataForm::validateNs)) {
      out.validation->least = range->attribute("min");
      out.validation->largest = range->attribute("max");
    }
  }
  return out;
}

}  // namespace

std::string DataForm::Field::text() const {
  std::string out;
  for (const auto& value : values) out += (&value == &values.front() ? "" : "\n") + value;
  return out;
}

const DataForm::Field* DataForm::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

Element DataForm::element() const {
  Element out("x", std::string(ns));
  out.set("type", type);
  addText(out, "title", title);
  for (const auto& line : instructions) addText(out, "instructions", line);
  for (const auto& field : fields) out.add(written(field));
  return out;
}

Result<DataForm> DataForm::read(const Element& element) {
  const auto type = element.attribute("type");
  if (!element.is("x", ns) || std::ranges::find(types, type) == types.end())
    return Error{Code::protocolError, "there is no data form where one is wanted", "send one as XEP-0004 has it"};
  DataForm out{std::string(type)};
  std::set<std::string_view> names;
  for (const auto& child : element.children) {
    if (isOfForms(child, "title")) out.title = child.text;
    if (isOfForms(child, "instructions") && !child.text.empty()) out.instructions.push_back(child.text);
    if (!isOfForms(child, "field")) continue;
    // One without a name is for people to read only.
    if (const auto name = child.attribute("var"); !name.empty() && !names.insert(name).second)
      return Error{Code::protocolError, "the form has a field twice", "send each field once, with all of its values"};
    out.fields.push_back(readField(child));
  }
  return out;
}

}  // namespace beckon::xmpp
