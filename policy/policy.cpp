#include "policy/policy.hpp"

namespace beckon::policy {

Decision decide(const Policy& policy, const Request& request) {
  if (policy.principals.contains(request.principal)) return {true, "listed principal"};
  return {false, "not a listed principal"};
}

}  // namespace beckon::policy
