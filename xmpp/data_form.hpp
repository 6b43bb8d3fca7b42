#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::xmpp {

// <x xmlns='jabber:x:data'/> (XEP-0004): a form to fill in, one that was filled in, or what came of it. Tables of
// several items are not read.
struct DataForm {
  static constexpr std::string_view ns = "jabber:x:data";
  static constexpr std::string_view validateNs = "http://jabber.org/protocol/xdata-validate";

  // What a value has to be (XEP-0122), so that a client can tell before it is sent.
  struct Validation {
    std::string datatype;        // "xs:integer"
    std::string least, largest;  // empty: without a limit
    bool operator==(const Validation&) const = default;
  };
  struct Option {
    std::string label, value;
    bool operator==(const Option&) const = default;
  };
  struct Field {
    std::string name;  // the attribute var
    std::string type;  // "text-single", ...; empty: not told
    std::string label = {}, description = {};
    std::vector<std::string> values = {};
    std::vector<Option> options = {};
    std::optional<Validation> validation = {};
    bool isRequired = false;
    bool operator==(const Field&) const = default;

    // The values as lines.
    std::string text() const;
  };

  std::string type;  // "form", "submit", "result" or "cancel"
  std::string title = {};
  std::vector<std::string> instructions = {};
  std::vector<Field> fields = {};
  bool operator==(const DataForm&) const = default;

  // Null if there is none of that name.
  const Field* field(std::string_view name) const;

  Element element() const;
  // Errors: protocolError for an element that is no such form, or has a field twice.
  static run::Result<DataForm> read(const Element& element);
};

}  // namespace beckon::xmpp
