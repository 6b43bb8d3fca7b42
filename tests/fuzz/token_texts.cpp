// A text is a token if and only if it is written again as it was read. Input: the text.
#include "policy/token.hpp"
#include "tests/fuzz/check.hpp"

#include <algorithm>

using namespace beckon;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::textOf({data, size});
  const auto hash = policy::tokenHash(text);
  if (hash) check(size == 60 && text.starts_with(policy::tokenPrefix) && policy::tokenHash(std::string(text)) == hash);
  if (size < 32) return 0;
  policy::TokenSecret secret;
  std::copy_n(data, secret.size(), secret.begin());
  const auto made = policy::tokenText(secret);
  check(policy::tokenHash(made).has_value() && (!hash || made == text || policy::tokenHash(made) != hash));
  if (hash) {
    // Any other text of its length has another hash, or is none.
    auto other = std::string(text);
    other[size - 1] = other[size - 1] == 'a' ? 'b' : 'a';
    check(!policy::tokenHash(other));
  }
  return 0;
}
