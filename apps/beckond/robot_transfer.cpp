#include "apps/beckond/robot.hpp"

// The robot goes to another fleet while it runs: its bus stays, and so does its LAN door.
namespace beckon::apps {
namespace {

// Who ordered it has our old account removed as soon as he is answered. If he does not, we go all the same.
constexpr std::chrono::seconds longestFarewell{3};

}  // namespace

void RobotSide::leaveSoon() {
  hasMoved_ = true;
  leaving_.expires_after(longestFarewell);
  // Canceled when the old account is gone, and by close().
  leaving_.async_wait([this](boost::system::error_code) {
    if (tells_) become();
  });
}

void RobotSide::become() {
  hasMoved_ = tells_ = false;
  tellAgain_.cancel();
  turned_.reset();
  listening_.reset();
  doors_->close();
  doors_.reset();
  network_.reset();
  client_->stop();
  member_.reset();
  const auto before = settings_.membership->ownerAccount;
  const auto fresh = readSettings(settings_.file);
  const auto identity = run::loadIdentity(settings_.state);
  if (!fresh || !identity || !fresh->membership) {
    const auto why = !fresh ? fresh.error() : !identity ? identity.error() : run::Error{};
    return log_->error("the new membership cannot be used: {}; next: {}; then start beckond again", why.cause,
                       why.nextStep);
  }
  settings_.membership = fresh->membership;
  settings_.stream = fresh->stream;
  trail_->add({.what = policy::audit::What::policy,
               .who = before,
               .policy = authority_.current().version(),
               .note = "transferred to fleet " + fresh->membership->fleet + " of " + fresh->membership->ownerAccount});
  // A file names whom it names; without one, the fleet's owner is who has rights.
  if (settings_.policyFile.empty()) authority_.replace(fresh->policy);
  if (const auto announcing = announce(*identity); !announcing)
    log_->error("{}; next: {}", announcing.error().cause, announcing.error().nextStep);
}

}  // namespace beckon::apps
