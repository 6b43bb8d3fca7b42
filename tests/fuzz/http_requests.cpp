// What strangers send to the HTTPS service of the relay becomes a request within the limits, or a refusal that repeats
// nothing of it; where the network cuts it makes no difference.
// Input: one byte for the sizes of the pieces, then what arrives.
#include "cloud-relay/http_request.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>
#include <string>

using namespace beckon;
using fuzz::check;
using relay::HttpRequestReader;

namespace {

constexpr relay::HttpLimits limits{512, 256};

// A piece is as large as `next` says of the one before.
template <class Next>
std::optional<HttpRequestReader::Outcome> read(std::string_view arrived, std::size_t piece, Next next) {
  HttpRequestReader reader(limits);
  for (; !arrived.empty(); piece = next(piece)) {
    const auto part = arrived.substr(0, piece);
    arrived.remove_prefix(part.size());
    if (auto outcome = reader.take(part)) return outcome;
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto text = fuzz::textOf({data + 1, size - 1});
  const auto same = [](std::size_t piece) { return piece; };
  const auto whole = read(text, text.size(), same), letters = read(text, 1, same);
  const auto cut = read(text, 1 + data[0], [](std::size_t piece) { return 1 + piece * 7 % 97; });
  for (const auto& outcome : {whole, cut, letters}) {
    check((outcome && *outcome) == (whole && *whole));
    if (!outcome) continue;
    if (*outcome) {
      const auto& request = **outcome;
      check(!request.method.empty() && request.method.size() + request.path.size() < limits.header);
      check(request.body.size() <= limits.body && request.path.find_first_of("? \r\n") == std::string::npos);
      check(request.address.empty());
    } else {
      const auto status = outcome->error().status;
      check(status == 400 || status == 413 || status == 431);
      check(outcome->error().body == relay::refusal(status).body);
    }
  }
  if (!whole || !*whole) return 0;
  for (const auto& outcome : {cut, letters})
    check((*whole)->method == (*outcome)->method && (*whole)->path == (*outcome)->path &&
          (*whole)->body == (*outcome)->body);
  return 0;
}
