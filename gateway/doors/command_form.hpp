#pragma once

#include "core/qi/value.hpp"
#include "gateway/doors/callable.hpp"
#include "xmpp/data_form.hpp"

#include <string>
#include <vector>

// The forms of the robot's ad-hoc commands, made from meta objects (docs/protocol/commands.md).
namespace beckon::gateway {

// The field of the form that chooses a method: its full name.
inline constexpr std::string_view methodField = "method";

// `wrong`: what is to be done better this time. Not every client shows the notes of a stage, so it leads the form, too.
xmpp::DataForm choiceForm(const Callable& of, const std::string& wrong = {});
// A field for each argument, "argument1" ...; with what stands in `filled`, if it is given.
xmpp::DataForm argumentForm(const std::string& service, const qi::MetaMethod& method,
                            const xmpp::DataForm* filled = nullptr, const std::string& wrong = {});
// What was filled in, a text for each argument. A field that is missing is false, or nothing.
std::vector<std::string> argumentsIn(const xmpp::DataForm& filled, const qi::MetaMethod& method);
// What a method returned; it is not void.
xmpp::DataForm resultForm(const std::string& title, const qi::Value& value);

}  // namespace beckon::gateway
