#include "apps/cli/token.hpp"

#include "policy/tokens.hpp"
#include "policy/view.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

namespace beckon::cli {

using policy::Token;
using policy::Tokens;
using policy::TokenState;
using policy::WallTime;
using run::Code;
using run::Error;
using run::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::chrono::seconds longestLifetime = std::chrono::days(3650);

Json timeJson(const std::optional<WallTime>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json(nullptr);
}

const char* stateText(TokenState state) {
  switch (state) {
    case TokenState::valid:
      return "good";
    case TokenState::revoked:
      return "revoked";
    case TokenState::expired:
      return "expired";
    case TokenState::clockNotSet:
      return "unusable until the clock is set";
  }
  return "";
}

std::string untilText(const Token& token) { return token.end ? "until " + utcText(*token.end) : "until it is revoked"; }

Json described(const Token& token, WallTime now) {
  const auto state = stateOf(token, now);
  return {{"name", token.name},
          {"principal", "token:" + token.name},
          {"role", token.role},
          {"state", state == TokenState::clockNotSet ? "clock-not-set" : stateText(state)},
          {"made", timeJson(token.made)},
          {"ends", timeJson(token.end)},
          {"revoked", timeJson(token.revoked)}};
}

// A store is not made where nobody would look for it.
Result<Tokens> open(const TokenCommand& command) {
  std::error_code problem;
  if (!std::filesystem::is_directory(command.state, problem))
    return Error{
        Code::invalidArgument, "there is no folder " + command.state.string(),
        "name the folder of the robot's state (robot.state in its configuration) with --state; beckond makes it "
        "at its first start"};
  return Tokens::open(command.state / Tokens::fileName);
}

// The robot's policy, as far as it is known here; null if it is not.
Result<std::shared_ptr<const policy::Policy>> readPolicy(const TokenCommand& command) {
  std::error_code problem;
  auto file = command.policy;
  if (file.empty()) {
    file = std::filesystem::canonical(command.state, problem).parent_path() / "policy.toml";
    if (!std::filesystem::exists(file, problem)) return std::shared_ptr<const policy::Policy>();
  }
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) return Error{Code::invalidConfig, "cannot read " + file.string(), "check its name, and who owns it"};
  return policy::Policy::parse(text, file.string());
}

// What the owner of a token would else find out by being refused.
std::string warningFor(const Token& token, const std::shared_ptr<const policy::Policy>& rules) {
  if (!rules) return {};
  const policy::Caller caller{"token:" + token.name, {token.role}, policy::Door::lan};
  if (!policy::View(rules, caller, nullptr, policy::Clock::real()).isEmpty()) return {};
  return "no rule of the policy is for " + caller.principal + " or role:" + token.role +
         " at the LAN door: it may do nothing";
}

Result<> create(const TokenCommand& command, WallTime now) {
  std::optional<std::chrono::seconds> lifetime;
  if (!command.lifetime.empty()) {
    const auto read = readLifetime(command.lifetime);
    if (!read) return read.error();
    lifetime = *read;
  }
  auto tokens = open(command);
  if (!tokens) return tokens.error();
  const auto rules = readPolicy(command);
  if (!rules) return rules.error();
  const auto made = tokens->create(command.name, command.role, lifetime, now);
  if (!made) return made.error();
  const auto warning = warningFor(made->token, *rules);
  if (command.json) {
    auto told = described(made->token, now);
    told["token"] = made->text;
    told["warning"] = warning.empty() ? Json(nullptr) : Json(warning);
    std::cout << told.dump() << std::endl;
  } else {
    std::cout << made->text << std::endl;
  }
  if (!std::cout) {
    // Nobody has it now, and nobody ever will.
    static_cast<void>(tokens->revoke(command.name, now));
    return Error{Code::invalidArgument, "the token could not be printed, and was revoked",
                 "give a standard output that can be written"};
  }
  if (!command.json)
    std::cerr << "token:" << made->token.name << ", role " << made->token.role << ", " << untilText(made->token)
              << "; it is not shown again" << std::endl;
  if (!command.json && !warning.empty()) std::cerr << "warning: " << warning << std::endl;
  return {};
}

Result<> list(const TokenCommand& command, WallTime now) {
  auto tokens = open(command);
  if (!tokens) return tokens.error();
  const auto all = tokens->list();
  if (!all) return all.error();
  if (command.json) {
    auto told = Json::array();
    for (const auto& token : *all) told.push_back(described(token, now));
    std::cout << told.dump() << std::endl;
    return {};
  }
  for (const auto& token : *all) {
    const auto state = stateOf(token, now);
    std::cout << token.name << "  role " << token.role << "  " << stateText(state) << "  ";
    if (state == TokenState::revoked)
      std::cout << "at " << utcText(*token.revoked);
    else
      std::cout << untilText(token);
    std::cout << '\n';
  }
  std::cout << std::flush;
  return {};
}

Result<> revoke(const TokenCommand& command, WallTime now) {
  auto tokens = open(command);
  if (!tokens) return tokens.error();
  const auto revoked = tokens->revoke(command.name, now);
  if (!revoked) return revoked.error();
  if (command.json)
    std::cout << described(*revoked, now).dump() << std::endl;
  else
    std::cout << revoked->name << "  revoked at " << utcText(*revoked->revoked) << std::endl;
  return {};
}

}  // namespace

void addTokenVerb(CLI::App& app, TokenCommand& command) {
  auto* token = app.add_subcommand("token", "The tokens that let a program into this robot by the LAN.");
  token->require_subcommand(1);
  token->add_option("--state", command.state, "The folder of the robot's state (robot.state in its configuration)")
      ->capture_default_str();
  const auto add = [&](const char* name, const char* text, TokenCommand::Action action) {
    auto* verb = token->add_subcommand(name, text);
    verb->callback([&command, action] { command.action = action; });
    return verb;
  };
  auto* making = add("create", "Make a token and print it, once.", TokenCommand::Action::create);
  making->add_option("name", command.name, "What it is called: letters, digits, '.', '_', '-'")->required();
  making->add_option("--role", command.role, "The role that the policy knows it by")->required();
  making->add_option(
      "--policy", command.policy,
      "The robot's policy, to see that it has rules for the token; policy.toml beside the state if it is "
      "there");
  making->add_option("--for", command.lifetime,
                     "How long it is good: 30s, 90min, 12h, 7d, 4w; else until it is revoked");
  add("list", "All tokens: name, role, whether it is good, until when.", TokenCommand::Action::list);
  add("revoke", "End a token, and within a second what was opened with it.", TokenCommand::Action::revoke)
      ->add_option("name", command.name, "Which")
      ->required();
}

Result<> manageTokens(const TokenCommand& command, const std::vector<std::string>& rest, WallTime now) {
  if (!rest.empty())
    return Error{Code::invalidArgument, "there is one word too many on the command line", "see beckon token --help"};
  switch (command.action) {
    case TokenCommand::Action::create:
      return create(command, now);
    case TokenCommand::Action::list:
      return list(command, now);
    case TokenCommand::Action::revoke:
      return revoke(command, now);
    case TokenCommand::Action::none:
      break;
  }
  return {};
}

Result<std::chrono::seconds> readLifetime(std::string_view text) {
  constexpr std::pair<std::string_view, std::chrono::seconds> units[]{{"s", std::chrono::seconds(1)},
                                                                      {"min", std::chrono::minutes(1)},
                                                                      {"h", std::chrono::hours(1)},
                                                                      {"d", std::chrono::days(1)},
                                                                      {"w", std::chrono::weeks(1)}};
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (problem == std::errc() && number > 0) {
    for (const auto& [name, length] : units)
      if (unit == name && number <= longestLifetime / length) return number * length;
  }
  return Error{Code::invalidArgument, "\"" + std::string(text) + "\" is no time that a token can last",
               "write for example 12h or 7d (s, min, h, d, w); ten years at most"};
}

std::string utcText(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace beckon::cli
