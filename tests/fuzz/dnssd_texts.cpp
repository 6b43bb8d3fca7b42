// The strings of a TXT record, as anybody in the network may send them: what is taken can be shown and written again.
// Input: strings, each ended by a zero byte.
#include "core/dnssd/robot_text.hpp"
#include "tests/fuzz/check.hpp"

using namespace beckon;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> strings(1);
  for (std::size_t i = 0; i < size; ++i)
    if (data[i])
      strings.back().push_back(static_cast<char>(data[i]));
    else
      strings.emplace_back();
  const auto text = dnssd::readText(strings);
  if (!text) return 0;
  check(!text->machineId.empty() && text->machineId.size() <= 64 && text->key.size() == 71);
  for (const unsigned char byte : text->machineId + text->key) check(byte > ' ' && byte < 0x7f);
  check(dnssd::readText(dnssd::writeText(*text)).value() == *text);
  return 0;
}
