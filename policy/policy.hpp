#pragma once

#include <set>
#include <string>

namespace beckon::policy {

// What somebody outside wants to do with a member of a service.
enum class Verb { list, call, post, get, set, watch };

struct Request {
  std::string principal;  // a bare JID
  Verb verb = Verb::list;
  std::string service;  // empty: the robot itself, as in "which services are there"
  std::string member;   // empty: the service itself
};

struct Decision {
  bool allowed = false;
  std::string reason;  // for logs and the audit, not for the principal
};

// Who may do what. For now a list of principals, each of whom may do everything.
struct Policy {
  std::set<std::string, std::less<>> principals;
};

// Asked by everything that faces outward, before anything else happens. Default: no.
Decision decide(const Policy& policy, const Request& request);

}  // namespace beckon::policy
