#include "policy/rule.hpp"

#include <algorithm>

namespace beckon::policy {

bool Rule::covers(std::string_view service, std::string_view member) const {
  const auto matches = [&](const MemberPattern& pattern) {
    return member.empty() ? pattern.isWholeService() && pattern.matchesService(service)
                          : pattern.matches(service, member);
  };
  return std::ranges::any_of(on, matches) && std::ranges::none_of(except, matches);
}

}  // namespace beckon::policy
