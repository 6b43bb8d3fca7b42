#include "fleet/known_fleet.hpp"

#include "core/run/base64url.hpp"
#include "core/run/private_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace beckon::fleet {

using Json = nlohmann::json;
using run::Error;
using run::Result;

Result<KnownFleet> KnownFleet::open(const std::filesystem::path& folder) {
  KnownFleet out;
  out.file_ = folder / fileName;
  std::error_code problem;
  if (!std::filesystem::exists(out.file_, problem) && !problem) return out;
  std::ifstream in(out.file_);
  const std::string content(std::istreambuf_iterator<char>(in), {});
  const auto from = Json::parse(content, nullptr, false);
  const Error damaged{
      run::Code::invalidConfig, out.file_.string() + " is damaged, or cannot be read",
      "restore it from a backup. Without it, keys that were replaced or revoked are not known to be; to "
      "do without it, move it away"};
  if (!in || !from.is_object() || !from.contains("schema") || !from["schema"].is_number_integer()) return damaged;
  if (from["schema"] > schema)
    return Error{run::Code::invalidConfig,
                 out.file_.string() + " was written by a newer Beckon (schema " + from["schema"].dump() +
                     "; this one knows " + std::to_string(schema) + ")",
                 "use the newer Beckon"};
  try {
    from.at("robots").get_to(out.robots_);
    for (const auto& [account, seen] : from.at("seen").items())
      out.seen_[account] = {run::fromBase64url<32>(seen.at("key").get<std::string>()).value(),
                            WallTime(std::chrono::seconds(seen.at("ends").get<std::int64_t>())),
                            seen.at("revoked").get<bool>()};
  } catch (const std::exception&) {
    return damaged;
  }
  return out;
}

Result<> KnownFleet::check(const Statement& statement) const {
  const auto found = seen_.find(statement.account);
  if (found == seen_.end()) return {};
  const auto& [key, ends, isRevoked] = found->second;
  if (statement.ends > ends || (statement.key == key && !isRevoked)) return {};
  return Error{run::Code::badStatement,
               statement.account + (isRevoked ? " shows a key that was revoked"
                                              : " shows an older key than before: it was enrolled anew since"),
               "if nobody has changed anything, its server is not to be trusted; ask the fleet's owner"};
}

WallTime KnownFleet::endOfNext(const std::string& account, WallTime wanted) const {
  const auto found = seen_.find(account);
  return found == seen_.end() ? wanted : std::max(wanted, found->second.ends + std::chrono::seconds(1));
}

Result<> KnownFleet::setRobots(std::vector<std::string> accounts) {
  if (accounts == robots_) return {};
  robots_ = std::move(accounts);
  return save();
}

void KnownFleet::saw(const Statement& statement) {
  auto& seen = seen_[statement.account];
  if (statement.ends <= seen.ends) return;
  seen = {statement.key, statement.ends, false};
  isKept_ = false;
}

Result<> KnownFleet::keep() { return isKept_ ? Result<>() : save(); }

Result<> KnownFleet::revoke(const std::string& account) {
  const auto found = seen_.find(account);
  if (found == seen_.end()) return {};
  found->second.isRevoked = true;
  return save();
}

Result<> KnownFleet::save() {
  if (const auto there = open(file_.parent_path()))
    for (const auto& [account, theirs] : there->seen_) {
      auto& ours = seen_[account];
      if (theirs.ends > ours.ends || (theirs.ends == ours.ends && theirs.isRevoked)) ours = theirs;
    }
  Json seen = Json::object();
  for (const auto& [account, known] : seen_)
    seen[account] = {{"key", run::base64url(known.key)},
                     {"ends", known.ends.time_since_epoch().count()},
                     {"revoked", known.isRevoked}};
  auto written =
      run::writePrivately(file_, Json{{"schema", schema}, {"robots", robots_}, {"seen", seen}}.dump(2) + "\n");
  if (written) isKept_ = true;
  return written;
}

}  // namespace beckon::fleet
