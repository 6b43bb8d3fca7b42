#include "apps/enrol/enrol.hpp"

#include "apps/enrol/https_client.hpp"
#include "core/run/identity.hpp"
#include "fleet/enrolment.hpp"

#include <cctype>
#include <iostream>
#include <utility>

namespace beckon::apps {

using run::Code;
using run::Error;
using run::Result;

namespace {

// The relay asks its XMPP server, which has 10 s for each step.
constexpr std::chrono::milliseconds deadline{40000};

Result<run::PrivateKey> readOrMakeKey(const std::filesystem::path& file) {
  std::error_code problem;
  return std::filesystem::exists(file, problem) ? run::PrivateKey::read(file) : run::PrivateKey::make(file);
}

// Asks the relay, and makes a membership for `folder` of what it answers; that is not saved yet.
boost::asio::awaitable<Result<fleet::Membership>> exchange(fleet::Code code, std::string name, run::Identity identity,
                                                           std::filesystem::path folder,
                                                           std::optional<xmpp::Proxy> proxy) {
  const auto request = fleet::EnrolmentRequest::make(code, name, identity.id, identity.key);
  const auto& place = code.place();
  HttpsTarget target{.host = place.host, .port = place.port, .pin = place.pin};
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  target.proxy = std::move(proxy);
  auto asking = post(std::move(target), fleet::enrolmentPath, request.json(), deadline);
  const auto answered = co_await std::move(asking);
  if (!answered) co_return answered.error();
  if (answered->status != 200) co_return fleet::readError(answered->body);
  const auto answer = fleet::EnrolmentAnswer::read(answered->body);
  if (!answer) co_return answer.error();
  co_return fleet::Membership::make(folder, code, request.claim, *answer);
}

}  // namespace

boost::asio::awaitable<Result<fleet::Membership>> enrol(fleet::Code code, std::string name,
                                                        std::filesystem::path folder, bool anew,
                                                        std::optional<xmpp::Proxy> proxy) {
  if (!fleet::isName(name))
    co_return Error{Code::invalidArgument, "\"" + name + "\" cannot be the name of an account",
                    "give one of 1 to 32 small letters, digits and '-' with --name"};
  if (const auto moved = fleet::Membership::finishMove(folder); !moved) co_return moved.error();
  const auto before = fleet::Membership::load(folder);
  if (!before && !anew) co_return before.error();
  if (before && *before && !anew)
    co_return Error{Code::nameTaken, "this is " + (*before)->account + " already, of fleet " + (*before)->fleet,
                    "to take its place, use a code that its owner made for that name, and --again"};
  auto identity = run::loadIdentity(folder);
  if (!identity) co_return identity.error();
  // Whoever is enrolled anew gets another key: the one before may have been copied with the rest. It is kept aside, so
  // that the same code may be tried again with it.
  const auto nextKey = folder / "next-key.pem";
  if (anew) {
    const auto key = readOrMakeKey(nextKey);
    if (!key) co_return key.error();
    identity->key = *key;
  }
  auto asking = exchange(std::move(code), std::move(name), std::move(*identity), folder, std::move(proxy));
  auto membership = co_await std::move(asking);
  if (!membership) co_return membership.error();
  if (anew) {
    std::error_code problem;
    std::filesystem::rename(nextKey, folder / run::keyFileName, problem);
    if (problem)
      co_return Error{Code::invalidConfig,
                      "cannot write " + (folder / run::keyFileName).string() + ": " + problem.message(),
                      "make the folder writable, and try again with the same code"};
  }
  if (const auto kept = membership->save(); !kept) co_return kept.error();
  co_return membership;
}

boost::asio::awaitable<Result<fleet::Membership>> enrolElsewhere(fleet::Code code, std::string name,
                                                                 std::filesystem::path folder,
                                                                 std::optional<xmpp::Proxy> proxy) {
  const auto next = folder / fleet::Membership::nextName;
  auto identity = run::loadIdentity(folder);
  if (!identity) co_return identity.error();
  std::error_code problem;
  if (std::filesystem::create_directories(next, problem))
    std::filesystem::permissions(next, std::filesystem::perms::owner_all, problem);
  // A key of its own: who had the robot before may have copied the old one.
  const auto key = readOrMakeKey(next / run::keyFileName);
  if (!key) co_return key.error();
  identity->key = *key;
  auto asking = exchange(std::move(code), std::move(name), std::move(*identity), next, std::move(proxy));
  auto membership = co_await std::move(asking);
  if (!membership) co_return membership.error();
  if (const auto kept = membership->save(); !kept) co_return kept.error();
  if (const auto moved = fleet::Membership::finishMove(folder); !moved) co_return moved.error();
  membership->folder = folder;
  co_return membership;
}

Result<fleet::Code> readCode(std::string text) {
  if (text == "-" && !std::getline(std::cin, text))
    return Error{Code::invalidArgument, "no code came on standard input", "give it in the first line"};
  return fleet::Code::parse(text);
}

std::string nameFrom(const std::string& text) {
  std::string out;
  for (const unsigned char c : text.substr(0, text.find('.'))) {
    if (out.size() == 32) break;
    if (std::isalnum(c) && c < 128)
      out += static_cast<char>(std::tolower(c));
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

}  // namespace beckon::apps
