#include "cloud-relay/registrar.hpp"

#include "core/run/base64url.hpp"
#include "policy/token.hpp"

#include <utility>

namespace beckon::relay {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;

Registrar::Registrar(FleetStore& store, Accounts& accounts, Place place, run::Log log)
    : store_(store), accounts_(accounts), place_(std::move(place)), log_(std::move(log)) {}

namespace {

// Whether the server has carried it out nobody knows.
bool isUnknown(const Error& error) { return error.code == Code::connectionLost || error.code == Code::timedOut; }

}  // namespace

class Registrar::Turn {
 public:
  Turn(std::set<std::string>& underWay, const std::string& account) : underWay_(underWay), account_(account) {
    isOurs_ = underWay_.insert(account).second;
  }
  ~Turn() {
    if (isOurs_) underWay_.erase(account_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool isOurs() const { return isOurs_; }
  Error refusal() const {
    return {Code::overloaded, account_ + " is just being changed by somebody else", "try again in a moment"};
  }

 private:
  std::set<std::string>& underWay_;
  std::string account_;
  bool isOurs_;
};

awaitable<Result<fleet::EnrolmentAnswer>> Registrar::enrol(fleet::EnrolmentRequest request, std::string address) {
  if (const auto wait = guesses_.wait(address, steady_clock::now()); wait > steady_clock::duration::zero()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    co_return Error{Code::overloaded, "too many wrong codes came from " + address,
                    "wait " + std::to_string(seconds) + " s, and copy the code whole"};
  }
  auto taking = take(std::move(request), address);
  const auto answer = co_await std::move(taking);
  if (answer) co_return answer;
  if (answer.error().code == Code::badCode) guesses_.failed(address, steady_clock::now());
  log_->warn("an enrolment from {} was refused: {}", address, answer.error().cause);
  co_return answer;
}

awaitable<Result<fleet::EnrolmentAnswer>> Registrar::take(fleet::EnrolmentRequest request, std::string address) {
  Member wanted;
  wanted.fleet = request.claim.fleet;
  wanted.kind = request.claim.kind;
  wanted.account = request.claim.name + "@" + accounts_.domain().text();
  wanted.machine = request.claim.id;
  wanted.key = request.claim.key;
  wanted.proof = request.proof;
  const Turn turn(underWay_, wanted.account);
  if (!turn.isOurs()) co_return turn.refusal();
  if (!accounts_.isReachable())
    co_return Error{Code::connectionLost, "the relay has no connection to its XMPP server at the moment",
                    "try again soon: the code stays good"};
  const auto taken = store_.take(fleet::Code::hashOf(request.ticket), wanted, policy::wallClock());
  if (!taken) co_return taken.error();
  if (taken->replaced) putOut_(wanted.account);
  const auto secret = run::base64url(policy::randomSecret());
  auto making = makeAccount(*taken, secret);
  if (const auto made = co_await std::move(making); !made) {
    // Where the account may be there, the code stays with who took it: the same key may try again, and finds it so.
    if (isUnknown(made.error())) co_return made.error();
    if (const auto kept = store_.giveBack(*taken); !kept)
      log_->error("the code of {} is lost: {}; next: {}", wanted.account, kept.error().cause, kept.error().nextStep);
    co_return made.error();
  }
  log_->info("{} enrolled in fleet {} from {}", taken->member.account, taken->member.fleet, address);
  changed_(taken->member);
  fleet::EnrolmentAnswer out;
  out.account = taken->member.account;
  out.secret = secret;
  out.host = place_.host;
  out.port = place_.port;
  out.authorities = place_.authorities;
  out.relay = place_.relay;
  const bool isOwner = taken->code.ownerAccount.empty();
  out.ownerAccount = isOwner ? out.account : taken->code.ownerAccount;
  out.ownerKey = isOwner ? taken->member.key : taken->code.ownerKey;
  out.introduction = taken->code.introduction;
  co_return out;
}

// It is there already where our answer was lost, or where somebody is replaced: he is put out.
awaitable<Result<>> Registrar::makeAccount(const FleetStore::Taken& taken, const std::string& secret) {
  const auto& account = taken.member.account;
  if (taken.member.isMade) {
    auto changing = accounts_.changeSecret(account, secret);
    const auto changed = co_await std::move(changing);
    if (changed) {
      const auto ended = co_await accounts_.endStreams(account);
      if (!ended)
        co_return Error{Code::timedOut, "whoever had " + account + " is not out yet: " + ended.error().cause,
                        "try again with the same code"};
      co_return Result<>();
    }
    if (isUnknown(changed.error())) co_return changed;
  }
  // One that is there and was not made by us may be anybody's, also where the server's answer to us was lost.
  auto making = accounts_.make(account, secret);
  const auto made = co_await std::move(making);
  if (!made) co_return made;
  co_return store_.made(taken.member.id);
}

awaitable<Result<Member>> Registrar::revoke(std::string account) {
  const Turn turn(underWay_, account);
  if (!turn.isOurs()) co_return turn.refusal();
  // Whoever else has an account on the server keeps it.
  const auto known = store_.member(account);
  if (!known) co_return known.error();
  if (!*known) co_return store_.revoke(account, policy::wallClock());
  putOut_(account);
  // The account first: what is written down as revoked has no way in any more.
  if (const auto removed = co_await accounts_.remove(account); !removed) co_return removed.error();
  auto member = store_.revoke(account, policy::wallClock());
  if (!member) co_return member.error();
  log_->info("{} revoked in fleet {}", account, member->fleet);
  changed_(*member);
  co_return *member;
}

awaitable<Result<>> Registrar::changeSecret(std::string account, std::string secret) {
  const Turn turn(underWay_, account);
  if (!turn.isOurs()) co_return turn.refusal();
  co_return co_await accounts_.changeSecret(account, secret);
}

}  // namespace beckon::relay
