// The reader of the record's segments: batches lie one behind the other, and what verifies is what was written. Input:
// a segment's text.
#include "policy/audit/segment.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>

using namespace beckon;
using fuzz::check;
namespace audit = beckon::policy::audit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::textOf({data, size});
  audit::Batches batches(text);
  std::string again;
  while (const auto batch = batches.next()) {
    check(batch->at == again.size());
    check(static_cast<std::uint64_t>(std::ranges::count(batch->bytes, '\n')) == batch->lines);
    again += batch->bytes;
    again += batch->end.text();
  }
  check(again + std::string(batches.rest()) == text);
  const auto head = audit::Head::parse(text.substr(0, text.find('\n')));
  if (head) check(text.starts_with(head->text()) || text == std::string_view(head->text()).substr(0, size));
  const auto number = head ? head->number : 1;
  audit::Verifier whole;
  if (whole.segment(number, text, true)) return 0;
  if (batches.position() == 0) return 0;
  // What is sound is so without its end, and not with another byte in it.
  audit::Verifier cut;
  check(!cut.segment(number, text.substr(0, batches.position()), true) && cut.link() == whole.link());
  auto changed = std::string(text.substr(0, batches.position()));
  auto& byte = changed[size % changed.size()];
  byte = byte == 'x' ? 'y' : 'x';
  check(audit::Verifier().segment(number, changed, false).has_value());
  return 0;
}
