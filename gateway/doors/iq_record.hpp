#pragma once

#include "policy/audit/trail.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::gateway {

// What the doors of XMPP leave in the robot's record: an entry for each request when it is answered, and for each watch
// when it ends. No answer leaves before its entry is written.
class IqRecord {
 public:
  using Answer = std::function<void(const run::Result<xmpp::Element>& outcome)>;

  // A request, as far as it is known.
  struct Request {
    xmpp::Jid from;
    std::string_view door = "iq";  // a literal
    std::string id = {};           // that the caller chose, if it did
    policy::audit::What what = policy::audit::What::call;
    std::string service = {}, member = {};
    std::size_t bytes = 0;
    std::string rule = {};
    std::string version = {};                   // of the policy
    std::optional<std::string> arguments = {};  // if the rule asks for them
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  };

  // `trail` may be null: nothing is recorded.
  explicit IqRecord(std::shared_ptr<policy::audit::Trail> trail = nullptr) : trail_(std::move(trail)) {}

  bool takesMore() const { return !trail_ || trail_->takesMore(); }
  // The answer, to be given once it is in the record.
  Answer answering(Request request, Answer answer) const;
  // One that was refused, likewise; `why`: what decided.
  Answer refusing(Request request, std::string_view why, Answer answer) const;
  // One without an entry of its own, once what is in the record already is written.
  Answer listing(Answer answer) const;
  void unwatched(const xmpp::Jid& who, const std::string& service, const std::string& member,
                 std::string_view why) const;

 private:
  static policy::audit::Entry entryOf(const Request& request, const std::string& who, const std::string& session);
  static void leave(const std::shared_ptr<policy::audit::Trail>& trail, const Answer& answer,
                    const run::Result<xmpp::Element>& outcome);

  std::shared_ptr<policy::audit::Trail> trail_;
};

}  // namespace beckon::gateway
