#include "fleet/membership.hpp"

#include "core/run/base64url.hpp"
#include "core/run/identity.hpp"
#include "core/run/private_file.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace beckon::fleet {
namespace {

using Json = nlohmann::json;
using run::Error;
using run::Result;
using run::Code::badStatement;
using run::Code::invalidConfig;

Json statementJson(const Statement& statement) {
  return {{"kind", text(statement.kind)},
          {"key", run::base64url(statement.key)},
          {"ends", statement.ends.time_since_epoch().count()},
          {"signature", run::base64url(statement.signature)}};
}

// Throws an exception for what is of another type, or reads as nothing.
Statement statementFrom(const Json& from, const std::string& account) {
  Statement out;
  out.account = account;
  out.kind = kindOf(from.at("kind").get<std::string>()).value();
  out.key = run::fromBase64url<32>(from.at("key").get<std::string>()).value();
  out.ends = WallTime(std::chrono::seconds(from.at("ends").get<std::int64_t>()));
  out.signature = run::fromBase64url<64>(from.at("signature").get<std::string>()).value();
  return out;
}

Membership readMembership(const Json& from) {
  Membership out;
  out.kind = kindOf(from.at("kind").get<std::string>()).value();
  from.at("fleet").get_to(out.fleet);
  from.at("account").get_to(out.account);
  from.at("secret").get_to(out.secret);
  out.secretMade = WallTime(std::chrono::seconds(from.at("secretMade").get<std::int64_t>()));
  if (from.contains("nextSecret")) from.at("nextSecret").get_to(out.nextSecret);
  from.at("host").get_to(out.host);
  const auto port = from.at("port").get<std::int64_t>();
  if (port < 0 || port > 65535) throw std::out_of_range("port");
  out.port = static_cast<unsigned short>(port);
  from.at("hasAuthorities").get_to(out.hasAuthorities);
  from.at("relay").get_to(out.relay);
  from.at("ownerAccount").get_to(out.ownerAccount);
  out.ownerKey = run::fromBase64url<32>(from.at("ownerKey").get<std::string>()).value();
  if (from.contains("lastOrder"))
    out.lastOrder = WallTime(std::chrono::seconds(from.at("lastOrder").get<std::int64_t>()));
  if (from.contains("statement")) out.statement = statementFrom(from.at("statement"), out.account);
  return out;
}

}  // namespace

Result<std::optional<Membership>> Membership::load(const std::filesystem::path& folder) {
  const auto file = folder / fileName;
  std::error_code problem;
  if (!std::filesystem::exists(file, problem)) return std::optional<Membership>();
  if (auto exposed = run::exposure(file)) return std::move(*exposed);
  std::ifstream in(file);
  const std::string content(std::istreambuf_iterator<char>(in), {});
  const auto from = Json::parse(content, nullptr, false);
  const Error damaged{invalidConfig, file.string() + " is damaged, or cannot be read",
                      "restore it from a backup, or enrol anew with a code for the same name"};
  if (!in || !from.is_object() || !from.contains("schema") || !from["schema"].is_number_integer()) return damaged;
  if (from["schema"] > schema)
    return Error{invalidConfig,
                 file.string() + " was written by a newer Beckon (schema " + from["schema"].dump() +
                     "; this one knows " + std::to_string(schema) + ")",
                 "use the newer Beckon, or enrol anew with a code for the same name"};
  try {
    auto out = readMembership(from);
    if (!isAccount(out.account) || !isAccount(out.ownerAccount) || !isName(out.fleet)) return damaged;
    out.folder = folder;
    return std::optional<Membership>(std::move(out));
  } catch (const std::exception&) {
    return damaged;
  }
}

Result<Membership> Membership::make(const std::filesystem::path& folder, const fleet::Code& code, const Claim& claim,
                                    const EnrolmentAnswer& answer) {
  if (!isAccount(answer.account) || !isAccount(answer.ownerAccount))
    return Error{run::Code::protocolError, "the relay's answer names something that is not an account",
                 "see that the relay is Beckon's"};
  const bool ownsItself =
      claim.kind == Kind::owner && answer.ownerAccount == answer.account && answer.ownerKey == claim.key;
  if (!ownsItself && !sameBytes(code.introductionOf(answer.ownerAccount, answer.ownerKey), answer.introduction))
    return Error{
        badStatement,
        "the relay names " + answer.ownerAccount + " with a key that whoever made the code has not vouched for",
        "do not use this relay; ask who gave you the code"};
  Membership out;
  out.folder = folder;
  out.kind = claim.kind;
  out.fleet = code.place().fleet;
  out.account = answer.account;
  out.secret = answer.secret;
  out.secretMade = policy::wallClock();
  out.host = answer.host;
  out.port = answer.port;
  out.hasAuthorities = !answer.authorities.empty();
  out.relay = answer.relay;
  out.ownerAccount = answer.ownerAccount;
  out.ownerKey = answer.ownerKey;
  if (out.hasAuthorities)
    if (const auto written = run::writePrivately(folder / authoritiesName, answer.authorities); !written)
      return written.error();
  return out;
}

Result<> Membership::save() const {
  Json out{{"schema", schema},
           {"kind", text(kind)},
           {"fleet", fleet},
           {"account", account},
           {"secret", secret},
           {"secretMade", secretMade.time_since_epoch().count()},
           {"host", host},
           {"port", port},
           {"hasAuthorities", hasAuthorities},
           {"relay", relay},
           {"ownerAccount", ownerAccount},
           {"ownerKey", run::base64url(ownerKey)}};
  if (!nextSecret.empty()) out["nextSecret"] = nextSecret;
  if (statement) out["statement"] = statementJson(*statement);
  if (lastOrder != WallTime()) out["lastOrder"] = lastOrder.time_since_epoch().count();
  return run::writePrivately(folder / fileName, out.dump(2) + "\n");
}

Result<> Membership::update() const {
  const auto there = load(folder);
  if (!there) return there.error();
  if (!*there || (*there)->account != account || (*there)->ownerKey != ownerKey)
    return Error{run::Code::nameTaken, "this was enrolled anew meanwhile, by another program", "start this one again"};
  return save();
}

Result<> Membership::finishMove(const std::filesystem::path& folder) {
  const auto next = folder / nextName;
  std::error_code problem;
  if (!std::filesystem::exists(next / fileName, problem)) return {};
  for (const auto* name : {run::keyFileName, authoritiesName, fileName}) {
    if (!std::filesystem::exists(next / name, problem)) continue;
    std::filesystem::rename(next / name, folder / name, problem);
    if (problem)
      return Error{invalidConfig, "cannot write " + (folder / name).string() + ": " + problem.message(),
                   "make the folder writable, and start again"};
  }
  std::filesystem::remove_all(next, problem);
  return {};
}

std::filesystem::path Membership::authoritiesFile() const {
  return hasAuthorities ? folder / authoritiesName : std::filesystem::path();
}

}  // namespace beckon::fleet
