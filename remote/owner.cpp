#include "remote/owner.hpp"

#include "core/run/base64url.hpp"
#include "core/run/private_file.hpp"
#include "fleet/admission.hpp"

#include <fstream>
#include <utility>

namespace beckon::remote {

using boost::asio::awaitable;
using fleet::Kind;
using run::Code;
using run::Error;
using run::Result;

Owner::Owner(Remote& remote, std::filesystem::path folder, run::PrivateKey key, std::string account)
    : remote_(remote), folder_(std::move(folder) / "codes"), key_(std::move(key)), account_(std::move(account)) {}

namespace {

// The robot asks the relay there, which has 40 s.
constexpr std::chrono::seconds orderTime{60};

}  // namespace

std::filesystem::path Owner::fileOf(const fleet::Bytes32& hash) const { return folder_ / run::base64url(hash); }

awaitable<Result<Owner::MadeCode>> Owner::makeCode(Kind kind, std::string name, std::chrono::seconds forSoLong) {
  const auto members = co_await remote_.members();
  if (!members) co_return members.error();
  auto place = members->place;
  place.kind = kind;
  const auto code = fleet::Code::make(std::move(place));
  fleet::CodeOffer offer;
  offer.hash = fleet::Code::hashOf(code.ticket());
  offer.kind = kind;
  offer.name = std::move(name);
  offer.lifetime = forSoLong;
  offer.ownerKey = key_.publicKey();
  offer.introduction = code.introductionOf(account_, offer.ownerKey);
  const auto file = fileOf(offer.hash);
  // Kept first: a code that is known to the relay and not to us enrols somebody whom we could not sign for.
  std::error_code problem;
  std::filesystem::create_directories(folder_, problem);
  forgetOldCodes();
  if (const auto kept = run::writePrivately(file, code.text() + "\n"); !kept) co_return kept.error();
  auto telling = remote_.tellRelay(fleet::codeRequest(offer));
  if (const auto told = co_await std::move(telling); !told) {
    std::filesystem::remove(file, problem);
    co_return told.error();
  }
  co_return MadeCode{code.text(), offer.hash};
}

void Owner::forgetOldCodes() const {
  std::error_code problem;
  const auto oldest = std::filesystem::file_time_type::clock::now() - 2 * longestCode;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, problem))
    if (entry.last_write_time(problem) < oldest) std::filesystem::remove(entry.path(), problem);
}

std::string Owner::codeOf(const fleet::MemberInfo& member) const {
  std::string text;
  if (member.codeHash) std::getline(std::ifstream(fileOf(*member.codeHash)), text);
  return text;
}

awaitable<Result<>> Owner::sign(const fleet::MemberInfo& member) {
  const auto ends = remote_.known().endOfNext(member.account, policy::wallClock() + lifetime);
  const auto statement = fleet::Statement::make(key_, member.account, member.kind, member.key, ends);
  // Remembered first: what it replaces does not come back.
  remote_.known().saw(statement);
  if (const auto kept = remote_.known().keep(); !kept) co_return kept;
  auto telling = remote_.tellRelay(fleet::statementRequest(statement));
  co_return co_await std::move(telling);
}

awaitable<Result<>> Owner::revoke(std::string account) {
  // Before it is known to be: this device would take its own key for a revoked one from then on.
  if (account == account_)
    co_return Error{Code::invalidArgument, "that is the owner itself",
                    "see docs/relay.md for how a fleet gets another owner"};
  auto telling = remote_.tellRelay(fleet::revokeRequest(account));
  if (const auto told = co_await std::move(telling); !told) co_return told;
  co_return remote_.known().revoke(account);
}

awaitable<Result<>> Owner::transfer(std::string robot, fleet::Code code, std::string name,
                                    std::function<void(const fleet::Transferred&)> told) {
  const auto members = co_await remote_.members();
  if (!members) co_return members.error();
  if (members->asker != Kind::owner)
    co_return Error{Code::refused, "only the owner of a fleet may do that", "ask its owner"};
  const auto& place = code.place();
  if (place.kind != Kind::robot)
    co_return Error{Code::badCode, "this code is for the device of a " + std::string(fleet::text(place.kind)),
                    "ask the new owner for one for a robot: beckon fleet code"};
  if (place.host == members->place.host && place.port == members->place.port && place.fleet == members->place.fleet)
    co_return Error{Code::invalidArgument, "this code is of the fleet " + place.fleet + ", where the robot is",
                    "ask the new owner for a code of his: beckon fleet code"};
  const auto account = remote_.account(robot);
  if (!account) co_return account.error();
  const auto ends = policy::wallClock() + orderTime;
  const auto order = fleet::TransferOrder::make(key_, account->text(), code.text(),
                                                name.empty() ? std::string(account->node()) : std::move(name), ends);
  auto asking = remote_.tellRobot(account->text(), fleet::transferRequest(order), orderTime);
  const auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  const auto done = fleet::readTransferred(*answer);
  if (!done) co_return done.error();
  told(*done);
  co_return co_await revoke(account->text());
}

awaitable<Result<std::vector<Owner::Signed>>> Owner::signPending(const fleet::MembersInfo& members) {
  std::vector<Signed> out;
  const auto now = policy::wallClock();
  if (!policy::isSet(now))
    co_return Error{Code::invalidConfig, "this computer's clock is not set, so that no statement can be given an end",
                    "set the clock"};
  for (const auto& member : members.members) {
    if (member.revoked) continue;
    if (member.statement) {
      const auto due = fleet::isToRenew(member, key_.publicKey(), lifetime, now);
      // What this device has replaced or revoked is not renewed.
      Result<> outcome = due ? remote_.known().check(*member.statement) : Result<>(due.error());
      if (outcome && *due) outcome = co_await sign(member);
      if (!outcome || *due) out.push_back({member, std::move(outcome)});
      continue;
    }
    auto outcome = member.account == account_ && member.key == key_.publicKey()
                       ? Result<>()
                       : fleet::judge(member, members.place.fleet, codeOf(member));
    if (outcome) outcome = co_await sign(member);
    std::error_code problem;
    if (outcome && member.codeHash) std::filesystem::remove(fileOf(*member.codeHash), problem);
    out.push_back({member, std::move(outcome)});
  }
  co_return out;
}

}  // namespace beckon::remote
