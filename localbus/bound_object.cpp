#include "localbus/bound_object.hpp"

#include "core/run/uuid.hpp"

#include <algorithm>
#include <atomic>

namespace beckon::localbus {

qi::ObjectUid newObjectUid() {
  static const std::string process = run::makeUuid();
  static std::atomic<std::uint64_t> count{0};
  const std::uint64_t number = ++count;
  qi::ObjectUid uid{};
  std::copy_n(process.begin(), uid.size() - sizeof number, uid.begin());
  std::memcpy(uid.data() + uid.size() - sizeof number, &number, sizeof number);
  return uid;
}

}  // namespace beckon::localbus
