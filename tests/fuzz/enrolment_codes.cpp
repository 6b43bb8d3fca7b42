// A text is an enrolment code, and is one again as it is written, or is refused in words that do not repeat it.
// Input: the text.
#include "fleet/code.hpp"
#include "tests/fuzz/check.hpp"

using namespace beckon;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::textOf({data, size}));
  const auto code = fleet::Code::parse(text);
  if (!code) {
    check(code.error().code == run::Code::invalidArgument && code.error().cause == "this is not an enrolment code");
    return 0;
  }
  const auto& place = code->place();
  check(fleet::isHost(place.host) && fleet::isName(place.fleet) && place.port != 0);
  check(place.pin.empty() || (place.pin.size() == 64 && place.pin.find_first_not_of("0123456789abcdef") == text.npos));
  const auto written = code->text();
  const auto again = fleet::Code::parse(written);
  check(again && again->text() == written && again->ticket() == code->ticket());
  // The zeros that a port may begin with are all that is not written again.
  check(text.size() >= written.size() && text.starts_with(place.host + ":") &&
        text.ends_with(written.substr(place.host.size() + 1)));
  return 0;
}
