#include "apps/cli/fleet.hpp"

#include "apps/cli/fleet_print.hpp"
#include "apps/cli/robot_target.hpp"
#include "apps/cli/token.hpp"
#include "apps/enrol/enrol.hpp"
#include "apps/proxy.hpp"
#include "core/run/identity.hpp"
#include "remote/owner.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

namespace beckon::cli {

using boost::asio::awaitable;
using fleet::Kind;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds longestWait{15};

// This device, logged in. Not moved: the owner refers to the remote.
struct Device {
  Device(boost::asio::io_context& io, const fleet::Membership& membership_, const run::Identity& identity,
         remote::Remote::Options options, const run::Log& log)
      : membership(membership_),
        remote(io, std::move(options), log),
        owner(remote, membership_.folder, identity.key, membership_.account) {}

  fleet::Membership membership;
  remote::Remote remote;
  remote::Owner owner;
};

awaitable<Result<std::unique_ptr<Device>>> logIn(boost::asio::io_context& io, const std::filesystem::path& config,
                                                 const run::Log& log) {
  auto options = readRemote(config);
  if (!options) co_return options.error();
  if (!options->membership)
    co_return Error{Code::invalidConfig, "this device belongs to no fleet", "enrol it with a code: beckon enroll CODE"};
  const auto membership = *options->membership;
  const auto identity = run::loadIdentity(membership.folder);
  if (!identity) co_return identity.error();
  auto device = std::make_unique<Device>(io, membership, *identity, std::move(*options), log);
  if (const auto started = co_await device->remote.start(); !started) co_return started.error();
  co_return device;
}

// Signs for whoever waits, and says so.
awaitable<Result<fleet::MembersInfo>> listAndSign(Device& device, bool asJson) {
  auto members = co_await device.remote.members();
  if (!members || members->asker != Kind::owner) co_return members;
  const auto outcomes = co_await device.owner.signPending(*members);
  if (!outcomes) co_return outcomes.error();
  printSigned(*outcomes, asJson);
  if (!outcomes->empty()) members = co_await device.remote.members();
  co_return members;
}

Result<fleet::MemberInfo> find(const fleet::MembersInfo& members, const std::string& name) {
  const auto found = std::ranges::find_if(members.members, [&](const fleet::MemberInfo& member) {
    return !member.revoked && (member.account == name || member.account.substr(0, member.account.find('@')) == name);
  });
  if (found != members.members.end()) return *found;
  return Error{Code::unknownRobot, "there is no \"" + name + "\" in fleet " + members.place.fleet,
               "see who is there: beckon fleet list"};
}

// Until somebody has come by this code and was judged, or the code is over.
awaitable<Result<>> signWhoComes(Device& device, const fleet::Bytes32& hash, steady_clock::time_point end,
                                 bool asJson) {
  for (;;) {
    const auto before = device.remote.fleetChanges();
    const auto members = co_await device.remote.members();
    if (members) {
      const auto came = std::ranges::any_of(members->members,
                                            [&](const fleet::MemberInfo& member) { return member.codeHash == hash; });
      const auto outcomes = co_await device.owner.signPending(*members);
      if (!outcomes) co_return outcomes.error();
      printSigned(*outcomes, asJson);
      for (const auto& [member, outcome] : *outcomes)
        if (member.codeHash == hash && !outcome) co_return outcome.error();
      if (came) co_return Result<>();
    }
    if (steady_clock::now() >= end)
      co_return Error{Code::timedOut, "nobody used the code in time", "make another one: beckon fleet code"};
    // Now and then also unasked: what the relay says while we are offline is said to nobody.
    co_await device.remote.untilFleetChanged(before, std::min(end, steady_clock::now() + longestWait));
  }
}

// A code lasts days at most, so that "m" can only be minutes.
Result<std::chrono::seconds> readCodeLifetime(const std::string& text) {
  return readLifetime(text.ends_with('m') ? text + "in" : text);
}

awaitable<Result<>> offerCode(Device& device, const FleetCommand& command) {
  const auto lifetime = readCodeLifetime(command.lifetime);
  if (!lifetime) co_return lifetime.error();
  if (*lifetime > remote::Owner::longestCode)
    co_return Error{Code::invalidArgument, "a code may be good for 30 days at most",
                    "write for example --for 10m; make another one when it is needed"};
  const auto kind = command.isForPerson ? Kind::person : Kind::robot;
  const auto made = co_await device.owner.makeCode(kind, command.name, *lifetime);
  if (!made) co_return made.error();
  printCode(made->text, kind, *lifetime, command.waits, command.json);
  if (!command.waits) co_return Result<>();
  co_return co_await signWhoComes(device, made->hash, steady_clock::now() + *lifetime, command.json);
}

std::string usualName() {
  const char* user = std::getenv("USER");
  const auto name = apps::nameFrom(user ? user : "");
  return name.empty() ? "owner" : name;
}

awaitable<Result<>> enroll(boost::asio::io_context& io, FleetCommand command, run::Log log) {
  const auto code = apps::readCode(command.code);
  if (!code) co_return code.error();
  if (code->place().kind == Kind::robot)
    co_return Error{Code::badCode, "this code is for a robot", "use it there: beckond enroll CODE"};
  const auto folder = stateFolder(command.config);
  auto proxy = apps::environmentsProxy(code->place().host);
  if (!proxy) co_return proxy.error();
  auto enrolling =
      apps::enrol(*code, command.name.empty() ? usualName() : command.name, folder, command.isAgain, *proxy);
  const auto membership = co_await std::move(enrolling);
  if (!membership) co_return membership.error();
  printEnrolled(*membership, command.json);
  if (membership->kind != Kind::owner) co_return Result<>();
  const auto device = co_await logIn(io, command.config, log);
  if (!device) co_return device.error();
  const auto members = co_await listAndSign(**device, command.json);
  if (!members) co_return members.error();
  Result<> result;
  if (std::ranges::none_of(members->members, [](const auto& member) { return member.kind == Kind::robot; })) {
    FleetCommand offer;
    offer.json = command.json;
    offer.waits = command.waits;
    result = co_await offerCode(**device, offer);
  }
  (*device)->remote.stop();
  co_return result;
}

awaitable<Result<>> transfer(Device& device, const FleetCommand& command) {
  const auto code = apps::readCode(command.code);
  if (!code) co_return code.error();
  if (!command.nameThere.empty() && !fleet::isName(command.nameThere))
    co_return Error{Code::invalidArgument, "\"" + command.nameThere + "\" cannot be the name of an account",
                    "give one of 1 to 32 small letters, digits and '-' with --name"};
  std::optional<fleet::Transferred> done;
  const auto told = [&](const fleet::Transferred& as) { done = as; };
  auto ordering = device.owner.transfer(command.name, *code, command.nameThere, told);
  const auto ended = co_await std::move(ordering);
  if (done) printTransferred(*done, command.json);
  if (!ended && done)
    co_return Error{ended.error().code,
                    "it has gone, and is still a member of " + device.membership.fleet + ": " + ended.error().cause,
                    "beckon fleet revoke " + command.name};
  co_return ended;
}

awaitable<Result<>> manage(Device& device, const FleetCommand& command) {
  if (command.action == FleetCommand::Action::transfer) co_return co_await transfer(device, command);
  if (command.action == FleetCommand::Action::code) co_return co_await offerCode(device, command);
  if (command.action == FleetCommand::Action::revoke) {
    const auto account =
        command.name.find('@') != std::string::npos
            ? command.name
            : command.name + device.membership.ownerAccount.substr(device.membership.ownerAccount.find('@'));
    if (const auto revoked = co_await device.owner.revoke(account); !revoked) co_return revoked.error();
    printRevoked(account, command.json);
    co_return Result<>();
  }
  if (command.action == FleetCommand::Action::list) {
    const auto members = co_await listAndSign(device, command.json);
    if (!members) co_return members.error();
    print(*members, device.membership, command.json);
    co_return Result<>();
  }
  const auto members = co_await device.remote.members();
  if (!members) co_return members.error();
  const auto member = find(*members, command.name);
  if (!member) co_return member.error();
  print(*member, device.membership, command.json);
  co_return Result<>();
}

}  // namespace

void addFleetVerbs(CLI::App& app, FleetCommand& command) {
  auto* enrolling = app.add_subcommand("enroll",
                                       "Make this device a member of a fleet, by a code of its owner or, for "
                                       "the owner himself, of beckon-relay.");
  enrolling->callback([&command] { command.action = FleetCommand::Action::enroll; });
  enrolling->add_option("code", command.code, "The code; -: it is the first line of standard input")->required();
  enrolling->add_option("--name", command.name, "The name of the account; else that of the user");
  enrolling->add_flag("--again", command.isAgain, "In the place of what was enrolled here before");
  enrolling->add_flag("!--no-wait", command.waits, "An owner's first: do not wait until the first robot is there");
  auto* about = app.add_subcommand("fleet", "The fleet that this device belongs to.");
  about->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, FleetCommand::Action action) {
    auto* verb = about->add_subcommand(name, text);
    verb->callback([&command, action] { command.action = action; });
    return verb;
  };
  add("list", "Who is in it. On the owner's device, also sign for whoever waits for it.", FleetCommand::Action::list);
  auto* making = add("code", "Make a code by which a robot enrols, once; wait until it did, and sign for it.",
                     FleetCommand::Action::code);
  making->add_option("name", command.name, "The only name that it enrols, also in the place of who has it now");
  making->add_option("--for", command.lifetime, "How long it is good: 30s, 10m, 12h, 7d; 30 days at most")
      ->capture_default_str();
  making->add_flag("--person", command.isForPerson, "For a person's device: beckon enroll CODE");
  making->add_flag("!--no-wait", command.waits, "Do not wait; beckon fleet list signs later");
  add("show", "All that is known of a member.", FleetCommand::Action::show)
      ->add_option("name", command.name, "Which")
      ->required();
  auto* moving =
      add("transfer", "Order a robot to another owner's fleet, by a code of his.", FleetCommand::Action::transfer);
  moving->add_option("name", command.name, "Which")->required();
  moving->add_option("code", command.code, "The code; -: it is the first line of standard input")->required();
  moving->add_option("--name", command.nameThere, "The name of its account there; else that of the one here");
  add("revoke", "End a member: its account, what it has open, and its way back.", FleetCommand::Action::revoke)
      ->add_option("name", command.name, "Which")
      ->required();
}

awaitable<Result<>> manageFleet(boost::asio::io_context& io, FleetCommand command, run::Log log) {
  if (command.action == FleetCommand::Action::enroll) co_return co_await enroll(io, std::move(command), std::move(log));
  const auto device = co_await logIn(io, command.config, log);
  if (!device) co_return device.error();
  const auto result = co_await manage(**device, command);
  (*device)->remote.stop();
  co_return result;
}

}  // namespace beckon::cli
