#pragma once

#include "localbus/connection.hpp"
#include "policy/audit/trail.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace beckon::gateway {

// What one session of the LAN door leaves in the robot's record: an entry for each call when its answer is put in line,
// and for all else when it happens. No answer leaves before that is written.
class LanRecord final : public localbus::Witness, public std::enable_shared_from_this<LanRecord> {
 public:
  // `trail` may be null: nothing is recorded.
  LanRecord(std::shared_ptr<policy::audit::Trail> trail, std::string who,
            const std::shared_ptr<localbus::Connection>& connection);

  // Whether anything may be done: what is done has to be told.
  bool takesMore() const { return !trail_ || trail_->takesMore(); }
  bool isKept() const { return trail_ != nullptr; }

  // Something that was let through, or refused, by that decision. Names and the decision's rule live as long as
  // `keeper`. `arguments`: as JSON, if the rule asks for them.
  struct Act {
    policy::audit::What what;
    std::string_view service = {}, member = {}, rule = {};
    std::shared_ptr<const policy::View> view = {};
    std::shared_ptr<const void> keeper = {};
    std::size_t bytes = 0;
    std::optional<std::string> arguments = {};
  };
  // A message has come, before it is looked at: one call of that number at a time can be told of.
  void arrived(const qi::Header& asked);
  void admitted(const qi::Header& asked, Act act);
  void refused(const qi::Header& asked, const Act& act, std::string_view why) const;
  // Without a call of its own to be answered.
  void done(const Act& act, policy::audit::Outcome outcome, std::string_view why = {}) const;

  void entered(const std::string& from, const policy::View& view);
  // Calls that wait for their answers get none any more.
  void left(const std::string& reason);

  void answering(std::uint32_t call, qi::MessageType type, const localbus::Payload& payload) override;
  bool mayLeave() override;

 private:
  struct Open {
    Act act;
    std::chrono::steady_clock::time_point begun;
  };
  policy::audit::Entry entryOf(const Act& act) const;
  void finish(std::uint32_t call, const Open& open, policy::audit::Outcome outcome, std::string_view why,
              std::optional<std::size_t> bytes) const;

  std::shared_ptr<policy::audit::Trail> trail_;
  std::string who_, session_;
  std::weak_ptr<localbus::Connection> connection_;
  std::unordered_map<std::uint32_t, Open> open_;  // by the caller's number of the call
  bool isHeld_ = false;
};

}  // namespace beckon::gateway
