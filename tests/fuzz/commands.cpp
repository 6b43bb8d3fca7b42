// What anybody may send as a step of an ad-hoc command, or as a data form: refused in readable words, or the same once
// written again; and what was filled in is read by any types. Input: a signature, a zero byte, the XML of one payload.
#include "core/qi/argument_texts.hpp"
#include "core/qi/utf8.hpp"
#include "gateway/doors/command_form.hpp"
#include "tests/fuzz/check.hpp"
#include "xmpp/command.hpp"
#include "xmpp/stream_parser.hpp"

#include <optional>
#include <variant>

using namespace beckon;
using fuzz::check;
using xmpp::DataForm;
using xmpp::Element;

namespace {

std::optional<Element> parse(const std::string& xml) {
  xmpp::StreamParser parser(1 << 20);
  parser.feed("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>" + xml);
  while (true) {
    auto event = parser.next();
    if (!event || !*event) return {};
    if (auto* child = std::get_if<xmpp::StreamParser::Child>(&**event)) return std::move(child->element);
  }
}

void checkForm(const DataForm& form) {
  const auto again = parse(form.element().toXml());
  check(again.has_value());
  const auto read = DataForm::read(*again);
  check(read && *read == form);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::textOf({data, size});
  const auto zero = std::min(text.find('\0'), text.size());
  const auto element = parse(std::string(text.substr(std::min(zero + 1, text.size()))));
  if (!element) return 0;

  if (const auto form = DataForm::read(*element))
    checkForm(*form);
  else
    check(qi::isUtf8(form.error().cause) && !form.error().cause.empty());

  const auto reading = xmpp::command::readStep(*element);
  if (reading.error) {
    check(qi::isUtf8(reading.error->text) && !reading.error->detail.empty());
    return 0;
  }
  const auto written = parse(xmpp::command::stepRequest(reading.step).toXml());
  check(written.has_value());
  const auto again = xmpp::command::readStep(*written);
  check(!again.error && again.step.node == reading.step.node && again.step.sessionId == reading.step.sessionId &&
        again.step.action == reading.step.action && again.step.form == reading.step.form);
  if (!reading.step.form) return 0;

  // The method says what is wanted; any may be filled in with anything, and is asked for again with what it was.
  const qi::MetaMethod method{100, "v", "m", std::string(text.substr(0, zero)), {}, {}, {}};
  const auto parameters = gateway::parametersOf(method);
  const auto texts = gateway::argumentsIn(*reading.step.form, method);
  check(texts.size() == parameters.size());
  checkForm(gateway::argumentForm("S", method, &*reading.step.form));
  const auto arguments = qi::argumentsFromTexts(texts, parameters);
  if (!arguments) {
    check(qi::isUtf8(arguments.error().cause) && !arguments.error().cause.empty());
    return 0;
  }
  const auto& items = arguments->as<qi::Tuple>()->items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    check(items[i].signature().sameType(parameters[i]));
    checkForm(gateway::resultForm("S.m", items[i]));
  }
  return 0;
}
