// The first bytes of a stranger at a port: what they are taken for is told in few printable characters.
// Input: the bytes.
#include "apps/doctor/banner.hpp"
#include "core/qi/message.hpp"
#include "core/qi/utf8.hpp"
#include "tests/fuzz/check.hpp"

using namespace beckon;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qi::ByteView first(data, size);
  const auto speech = doctor::speechOf(first);
  check((speech == doctor::Speech::nothing) == first.empty());
  check(speech != doctor::Speech::tls || size > 1);
  const auto name = doctor::speaker(first);
  check(!name.empty() && name.size() < 160 && qi::isUtf8(name));
  for (const unsigned char byte : name) check(byte >= ' ' || byte == '\t');
  if (speech == doctor::Speech::http) check(name.starts_with("HTTP ("));
  return 0;
}
