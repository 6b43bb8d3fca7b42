// What a stranger sends first: the typed and the dynamic decoder agree, and the map means the same afterwards.
// Input: the payload {sm}.
#include "core/qi/capabilities.hpp"
#include "tests/fuzz/check.hpp"

using namespace beckon::qi;
using beckon::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView payload(data, size);
  const auto map = decode<CapabilityMap>(payload);
  const auto dynamicMap = decodeValue(payload, signatureOf<CapabilityMap>());
  check(map.has_value() == dynamicMap.has_value());
  if (!map) {
    check(map.error().cause == dynamicMap.error().cause);
    return 0;
  }
  const Bytes bytes = encode(*map);
  check(bytes.size() <= size);
  const auto again = decode<CapabilityMap>(bytes);
  check(again && encode(*again) == bytes);

  Capabilities ours(ownCapabilities());
  ours.addRemote(*map);
  ours.addRemote(ownCapabilities());  // comes too late for what is in the map
  Capabilities theirs(*map);
  theirs.addRemote(ownCapabilities());
  for (const auto& [name, value] : *map) {
    const bool authentication = name.starts_with("auth_") || name.starts_with("__qi_auth_");
    check(!authentication || !ours.remote(name));
    check(authentication || ours.shared(name) == theirs.shared(name));
    check(!ours.shared(name) || ours.remote(name));
  }
  check(ours.objectFormat().metaObjectCache == false);
  return 0;
}
