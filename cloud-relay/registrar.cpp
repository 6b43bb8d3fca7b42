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

awaitable<Result<fleet::EnrolmentAnswer>> Registrar::enrol(fleet::EnrolmentRequest request, std::string address) {
  if (const auto wait = guesses_.wait(address, steady_clock::now()); wait > steady_clock::duration::zero()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    co_return Error{Code::overloaded, "too many wrong codes came from " + address,
                    "wait " + std::to_string(seconds) + " s, and copy the code whole"};
  }
  const auto now = policy::wallClock();
  Member wanted;
  wanted.fleet = request.claim.fleet;
  wanted.kind = request.claim.kind;
  wanted.account = request.claim.name + "@" + accounts_.domain().text();
  wanted.machine = request.claim.id;
  wanted.key = request.claim.key;
  wanted.proof = request.proof;
  const auto taken = store_.take(fleet::Code::hashOf(request.ticket), wanted, now);
  if (!taken) {
    if (taken.error().code == Code::badCode) guesses_.failed(address, steady_clock::now());
    log_->warn("enrolment of {} from {} refused: {}", wanted.account, address, taken.error().cause);
    co_return taken.error();
  }
  const auto secret = run::base64url(policy::randomSecret());
  if (const auto made = co_await makeAccount(*taken, secret); !made) {
    log_->error("no account for {}: {}", wanted.account, made.error().cause);
    if (const auto kept = store_.giveBack(*taken); !kept)
      log_->error("and the code is lost: {}; next: {}", kept.error().cause, kept.error().nextStep);
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
  const bool isFirstOwner = taken->code.ownerAccount.empty();
  out.ownerAccount = isFirstOwner ? out.account : taken->code.ownerAccount;
  out.ownerKey = isFirstOwner ? taken->member.key : taken->code.ownerKey;
  out.introduction = taken->code.introduction;
  co_return out;
}

// One that is there from an answer that was lost, or that is replaced, goes first: with its streams.
awaitable<Result<>> Registrar::makeAccount(const FleetStore::Taken& taken, const std::string& secret) {
  const auto& account = taken.member.account;
  if (taken.replaced || taken.isAgain)
    if (const auto removed = co_await accounts_.remove(account); !removed) co_return removed;
  co_return co_await accounts_.make(account, secret);
}

awaitable<Result<Member>> Registrar::revoke(std::string account) {
  // The account first: what is written down as revoked has no way in any more.
  if (const auto removed = co_await accounts_.remove(account); !removed) co_return removed.error();
  auto member = store_.revoke(account, policy::wallClock());
  if (!member) co_return member.error();
  log_->info("{} revoked in fleet {}", account, member->fleet);
  changed_(*member);
  co_return *member;
}

awaitable<Result<>> Registrar::changeSecret(std::string account, std::string secret) {
  co_return co_await accounts_.changeSecret(std::move(account), std::move(secret));
}

}  // namespace beckon::relay
