#include "remote/fleet.hpp"

#include "fleet/protocol.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace beckon::remote {

using run::Code;
using run::Error;
using run::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using xmpp::Jid;

namespace {

const xmpp::Element* robotIn(const xmpp::Presence& presence) {
  return presence.stanza.child(fleet::robotName, fleet::robotNs);
}

// So long what was seen of a fleet may be lost with this process.
constexpr milliseconds keepingTime{250};

// A robot of Beckon that takes calls: what it says of itself agrees with what it says it can.
bool isRobot(const xmpp::Presence& presence) {
  return robotIn(presence) && presence.disco && presence.disco->features.contains(std::string(xmpp::rpc::ns));
}

// Clocks of servers may be ahead of ours.
milliseconds since(system_clock::time_point then) {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(system_clock::now() - then));
}

}  // namespace

Robot::State Robot::state() const {
  // One that does not tell what it can either has less time.
  if (isShown && silence && *silence > (isThere() ? fleet::suspicion : fleet::heartbeat)) return State::suspect;
  if (isThere()) return State::online;
  return age || isAwaited ? State::offline : State::unknown;
}

Fleet::Fleet(boost::asio::any_io_executor executor, const xmpp::Client& client, std::vector<Jid> robots)
    : executor_(std::move(executor)),
      client_(client),
      configured_(std::move(robots)),
      accounts_(configured_),
      keeping_(executor_) {}

void Fleet::use(fleet::KnownFleet& known, const run::PublicKey& owner) {
  known_ = &known;
  owner_ = owner;
  verified_.clear();
  robotsChanged();
}

void Fleet::robotsChanged() {
  members_.clear();
  accounts_ = configured_;
  for (const auto& text : known_->robots()) {
    const auto robot = Jid::parse(text);
    if (!robot || !members_.insert(*robot).second) continue;
    if (std::ranges::find(configured_, *robot) == configured_.end()) accounts_.push_back(*robot);
  }
  changed();
}

void Fleet::expect(std::set<Jid> robots) {
  awaited_ = std::move(robots);
  changed();
}

void Fleet::awaitMembers(bool isAwaited) {
  membersAreAwaited_ = isAwaited;
  changed();
}

bool Fleet::hasToShow(const Jid& account) const {
  return known_ && (members_.contains(account) || known_->hasSeen(account.text()));
}

std::optional<Error> Fleet::problemWith(const xmpp::Presence& presence) const {
  const auto account = presence.from.bare();
  if (!hasToShow(account)) return {};
  const auto* shown = presence.stanza.child(fleet::statementName, fleet::ns);
  if (!shown)
    return Error{Code::badStatement, account.text() + " shows nothing that the fleet's owner has signed",
                 "if it has just been enrolled, run beckon fleet list on the owner's device, which signs"};
  const auto statement = fleet::readStatement(*shown, account.text());
  if (!statement)
    return Error{Code::badStatement, account.text() + " shows a statement that cannot be read",
                 "update both sides to versions of Beckon that know each other"};
  // What presence says of the key has to be that of which the statement speaks.
  if (run::fingerprint(statement->key) != robotIn(presence)->attribute("key"))
    return Error{Code::badStatement,
                 account.text() + " shows a key that is not the one which the fleet's owner has signed",
                 "if nobody has changed anything, its server is not to be trusted; ask the fleet's owner"};
  const auto before = verified_.find(account);
  auto sound = before != verified_.end() && before->second == *statement
                   ? statement->checkEnd(policy::wallClock())
                   : statement->check(owner_, account.text(), statement->key, policy::wallClock());
  if (sound) sound = known_->check(*statement);
  if (!sound) return sound.error();
  if (statement->kind != fleet::Kind::robot)
    return Error{Code::badStatement,
                 account.text() + " shows itself as a robot; the fleet's owner has signed that it is a " +
                     std::string(fleet::text(statement->kind)),
                 "ask the fleet's owner"};
  return {};
}

void Fleet::received(const xmpp::Presence& presence) {
  told_[presence.from.bare()] = steady_clock::now();
  if (!presence.available) logins_.erase(presence.from);
  // The event of verification comes for a robot that was not one before: that is its arrival.
  if (presence.available && isRobot(presence)) {
    const std::string login(robotIn(presence)->attribute("login"));
    const auto [last, isNew] = logins_.try_emplace(presence.from, login);
    // One that does not name its logins may have come anew each time.
    if (isNew || login.empty() || std::exchange(last->second, login) != login) ++arrivals_[presence.from];
    remember(presence);
  }
  changed();
}

// The newest statement that a robot has shown. A fleet that comes back writes its file a few times, not once a robot.
void Fleet::remember(const xmpp::Presence& presence) {
  const auto account = presence.from.bare();
  if (!hasToShow(account) || problemWith(presence)) return;  // nobody has made sure of others
  const auto statement = fleet::readStatement(*presence.stanza.child(fleet::statementName, fleet::ns), account.text());
  known_->saw(*statement);
  verified_.insert_or_assign(account, *statement);
  if (std::exchange(isKeeping_, true)) return;
  keeping_.expires_after(keepingTime);
  keeping_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code) {
    if (!alive.expired()) keep();
  });
}

// What cannot be kept is shown again at the next arrival.
void Fleet::keep() {
  isKeeping_ = false;
  if (known_) (void)known_->keep();
}

void Fleet::settled(const Jid& contact) {
  settledAt_ = steady_clock::now();
  told_.try_emplace(contact, steady_clock::now());
  changed();
}

void Fleet::changed() {
  for (auto* timer : waiting_) timer->cancel();
}

// A bare JID stands before all full ones of its account.
std::vector<const xmpp::Presence*> Fleet::presencesOf(const Jid& account) const {
  std::vector<const xmpp::Presence*> out;
  const auto& all = client_.present();
  for (auto at = all.lower_bound(account); at != all.end() && at->first.bare() == account; ++at)
    out.push_back(&at->second);
  return out;
}

const xmpp::Presence* Fleet::robotAt(const Jid& account) const {
  for (const auto* presence : presencesOf(account))
    if (isRobot(*presence)) return presence;
  return nullptr;
}

Robot Fleet::robotOf(const Jid& account) const {
  Robot robot{.account = account.text(), .address = {}, .id = {}, .fingerprint = {}, .problem = {}, .age = {}};
  if (const auto told = told_.find(account); told != told_.end() && isSettled(account))
    robot.age = std::chrono::duration_cast<milliseconds>(steady_clock::now() - told->second);
  if (const auto silence = silences_.find(account); silence != silences_.end()) robot.silence = silence->second;
  for (const auto* presence : presencesOf(account)) {
    const auto* shown = robotIn(*presence);
    if (!shown) continue;
    robot.isShown = true;
    robot.id = shown->attribute("id");
    robot.fingerprint = shown->attribute("key");
    robot.condition = fleet::Condition::read(*shown);
  }
  robot.isAwaited = !robot.isShown && awaited_.contains(account);
  if (const auto* presence = robotAt(account)) {
    robot.address = presence->from.text();
    robot.id = robotIn(*presence)->attribute("id");
    robot.fingerprint = robotIn(*presence)->attribute("key");
    robot.condition = fleet::Condition::read(*robotIn(*presence));
    robot.problem = problemWith(*presence);
    if (presence->since) robot.age = since(*presence->since);
  }
  return robot;
}

std::vector<Robot> Fleet::robots() const {
  std::vector<Robot> out;
  for (const auto& account : accounts_) out.push_back(robotOf(account));
  return out;
}

bool Fleet::isSilent(const Jid& account) const {
  const auto silence = silences_.find(account);
  return silence != silences_.end() && silence->second > fleet::heartbeat;
}

bool Fleet::isSettled(const Jid& account) const {
  // Present, but its capabilities are still asked for: one that is silent will not tell them.
  for (const auto* presence : presencesOf(account))
    if (robotIn(*presence) && !presence->disco && !isSilent(account)) return false;
  return awaited_.contains(account) || client_.settled(account);
}

// Asked after each event: the one that was missing last is looked at first.
bool Fleet::isComplete() const {
  if (membersAreAwaited_) return false;
  for (std::size_t seen = 0; seen < accounts_.size(); ++seen) {
    missing_ %= accounts_.size();
    if (!isSettled(accounts_[missing_])) return false;
    ++missing_;
  }
  return true;
}

Result<Jid> Fleet::account(const std::string& name) const {
  std::vector<Jid> found;
  for (const auto& jid : accounts_)
    if (jid.text() == name || jid.node() == name) found.push_back(jid);
  if (found.size() > 1)
    return Error{Code::invalidArgument, "\"" + name + "\" may be " + found[0].text() + " or " + found[1].text(),
                 "give the whole address"};
  if (found.size() == 1) return found[0];
  for (const auto& jid : accounts_)
    if (const auto* presence = robotAt(jid); presence && robotIn(*presence)->attribute("id") == name) return jid;
  return notKnown("no robot \"" + name + "\" is configured");
}

Result<std::vector<std::string>> Fleet::matching(const policy::Glob& names) const {
  std::vector<std::string> found;
  for (const auto& jid : accounts_)
    if (names.matches(jid.node()) || names.matches(jid.text())) found.push_back(jid.text());
  if (found.empty()) return notKnown("no robot that is configured matches \"" + names.text() + "\"");
  return found;
}

Error Fleet::notKnown(const std::string& cause) const {
  std::string known;
  for (const auto& jid : accounts_) known += (known.empty() ? "" : ", ") + jid.text();
  return {Code::unknownRobot, cause,
          known.empty() ? known_ ? "see that the relay of the fleet runs, or list it under robots in the configuration"
                                 : "list it under robots in the configuration"
                        : "the configured robots: " + known};
}

std::optional<Jid> Fleet::addressOf(const std::string& name) const {
  const auto known = account(name);
  const auto* presence = known ? robotAt(*known) : nullptr;
  if (!presence || problemWith(*presence)) return {};
  return presence->from;
}

std::optional<Robot> Fleet::robot(const std::string& name) const {
  const auto known = account(name);
  if (!known) return {};
  return robotOf(*known);
}

std::optional<Error> Fleet::problemOf(const std::string& name) const {
  const auto known = account(name);
  const auto* presence = known ? robotAt(*known) : nullptr;
  return presence ? problemWith(*presence) : std::nullopt;
}

unsigned Fleet::arrivals(const Jid& address) const {
  const auto found = arrivals_.find(address);
  return found == arrivals_.end() ? 0 : found->second;
}

boost::asio::awaitable<void> Fleet::untilChanged(Time end) {
  boost::asio::steady_timer timer(executor_, end);
  waiting_.insert(&timer);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  waiting_.erase(&timer);
}

}  // namespace beckon::remote
