// What somebody says about himself, and the hash that is to prove it (XEP-0115).
// Input: an element.
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/parse.hpp"
#include "xmpp/caps.hpp"

#include <algorithm>

using namespace beckon::xmpp;
using beckon::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto element = beckon::fuzz::parse(std::string(beckon::fuzz::textOf({data, size})));
  if (!element) return 0;

  if (const auto disco = Disco::read(*element)) {
    const auto hash = capsHash(*disco);
    check(hash.size() == 28);  // base64 of 20 bytes
    check(!disco->identities.empty());
    // The order in which things are said does not matter.
    auto turned = *element;
    std::reverse(turned.children.begin(), turned.children.end());
    const auto backwards = Disco::read(turned);
    check(backwards && capsHash(*backwards) == hash);
    // What is told on means the same.
    const auto again = beckon::fuzz::parse(disco->query("node#ver").toXml());
    check(again && again->attribute("node") == "node#ver");
    const auto told = Disco::read(*again);
    check(told && capsHash(*told) == hash);
    check(told->identities == disco->identities && told->features == disco->features && told->forms == disco->forms);
  }

  if (const auto caps = Caps::read(*element)) {
    const auto again = beckon::fuzz::parse(Element("presence", std::string(ns::client)).add(caps->element()).toXml());
    const auto told = again ? Caps::read(*again) : std::nullopt;
    check(told && told->node == caps->node && told->ver == caps->ver && told->hash == caps->hash);
  }
  return 0;
}
