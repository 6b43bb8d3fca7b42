#include "apps/cli/audit.hpp"

#include "apps/cli/token.hpp"
#include "policy/audit/entry.hpp"
#include "policy/audit/segment.hpp"
#include "policy/pattern.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <thread>

namespace beckon::cli {

using policy::audit::Batches;
using policy::audit::SegmentName;
using run::Code;
using run::Error;
using run::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::chrono::milliseconds followEvery{200};

std::string textOf(const Json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// For people, on its own line whatever somebody outside put into it: no name may look like another entry.
std::string shownOf(const Json& entry, const char* key) {
  auto out = textOf(entry, key);
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return out;
}

std::string millisecondsText(const Json& microseconds) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3f ms", microseconds.get<double>() / 1000);
  return out;
}

void printEntry(const std::string& line, bool json) {
  if (json) {
    std::cout << line << '\n';
    return;
  }
  const auto entry = Json::parse(line, nullptr, false);
  if (!entry.is_object()) return;
  std::cout << shownOf(entry, "at") << "  " << shownOf(entry, "what");
  for (const char* key : {"on", "who"})
    if (const auto text = shownOf(entry, key); !text.empty()) std::cout << "  " << text;
  if (const auto door = shownOf(entry, "door"); !door.empty())
    std::cout << "  " << door << " " << shownOf(entry, "session");
  if (const auto id = shownOf(entry, "id"); !id.empty()) std::cout << " #" << id;
  if (const auto outcome = shownOf(entry, "outcome"); !outcome.empty()) std::cout << "  " << outcome;
  if (const auto why = shownOf(entry, "why"); !why.empty()) std::cout << " (" << why << ")";
  if (entry.contains("took") && entry["took"].is_number()) std::cout << " in " << millisecondsText(entry["took"]);
  for (const char* key : {"rule", "policy", "arguments", "note"})
    if (const auto text = shownOf(entry, key); !text.empty()) std::cout << "  " << key << " " << text;
  if (entry.contains("count")) std::cout << "  count " << entry["count"];
  std::cout << '\n';
}

// The entries among the lines of a batch.
void eachEntry(const Batches::Batch& batch, const std::function<void(std::string_view)>& handler) {
  for (auto left = batch.bytes; !left.empty();) {
    const auto end = left.find('\n');
    const auto line = left.substr(0, end);
    if (!policy::audit::Head::parse(line)) handler(line);
    left.remove_prefix(end + 1);
  }
}

// What stands in a segment from there on. Nothing if it was removed meanwhile.
std::string readFrom(const std::filesystem::path& path, std::uint64_t at) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<> tail(const AuditCommand& command) {
  const auto segments = policy::audit::segmentsOf(command.folder);
  if (!segments) return segments.error();
  std::deque<std::string> last;
  std::uint64_t number = 0, at = 0;
  // The newest are read first, until there are enough.
  std::size_t first = segments->size();
  std::vector<std::vector<std::string>> read;
  for (std::uint64_t found = 0; first > 0 && (found < command.count || first == segments->size());) {
    const auto& segment = (*segments)[--first];
    const auto text = readFrom(segment.path, 0);
    Batches batches(text);
    auto& lines = read.emplace_back();
    while (const auto batch = batches.next())
      eachEntry(*batch, [&](std::string_view line) { lines.emplace_back(line); });
    found += lines.size();
    if (first + 1 == segments->size()) {
      number = segment.number;
      at = batches.position();
    }
  }
  for (auto lines = read.rbegin(); lines != read.rend(); ++lines)
    for (auto& line : *lines) last.push_back(std::move(line));
  while (last.size() > command.count) last.pop_front();
  for (const auto& line : last) printEntry(line, command.json);
  std::cout << std::flush;
  while (command.follows && std::cout) {
    std::this_thread::sleep_for(followEvery);
    const auto now = policy::audit::segmentsOf(command.folder);
    if (!now) return now.error();
    for (const auto& segment : *now) {
      if (segment.number < number) continue;
      if (segment.number > number) at = 0;
      number = segment.number;
      const auto text = readFrom(segment.path, at);
      Batches batches(text);
      while (const auto batch = batches.next())
        eachEntry(*batch, [&](std::string_view line) { printEntry(std::string(line), command.json); });
      at += batches.position();
    }
    std::cout << std::flush;
  }
  return {};
}

// "2026-11-22", "2026-11-22T18:00:00", or "2h": so long ago. As entries have it, to be compared as text.
Result<std::string> momentOf(const std::string& text) {
  if (text.empty()) return std::string();
  if (text.size() >= 10 && text[4] == '-' && text[7] == '-') {
    auto out = text;
    if (out.size() > 10 && out[10] == ' ') out[10] = 'T';
    return out;
  }
  const auto ago = readLifetime(text);
  if (!ago)
    return Error{Code::invalidArgument, "\"" + text + "\" is no time",
                 "write 2026-11-22, 2026-11-22T18:00:00 (UTC), or 90min, 12h, 7d for so long ago"};
  return policy::audit::utcText(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) - *ago);
}

Result<> query(const AuditCommand& command) {
  const auto since = momentOf(command.since), until = momentOf(command.until);
  if (!since) return since.error();
  if (!until) return until.error();
  const auto who = policy::PrincipalPattern::parse(command.who.empty() ? "*" : command.who);
  if (!who) return who.error();
  const auto on = policy::MemberPattern::parse(command.on.empty() ? "*" : command.on);
  if (!on) return on.error();
  const auto is = [](const Json& entry, const char* key, const std::string& wanted) {
    return wanted.empty() || textOf(entry, key) == wanted;
  };
  // Parsing is what takes the time: what can be told without it is.
  const auto isInTime = [&](std::string_view line) {
    constexpr std::size_t begin = std::string_view("{\"at\":\"").size();
    const auto at = line.substr(std::min(begin, line.size()));
    return at.substr(0, since->size()) >= *since && (until->empty() || at.substr(0, until->size()) <= *until);
  };
  const auto isWanted = [&](std::string_view line) {
    if (!isInTime(line)) return false;
    const auto entry = Json::parse(line, nullptr, false);
    if (!entry.is_object()) return false;
    const auto place = textOf(entry, "on");
    if (!is(entry, "what", command.what) || !is(entry, "outcome", command.outcome) || !is(entry, "door", command.door))
      return false;
    if (!command.who.empty() && !who->matches(textOf(entry, "who"))) return false;
    if (command.on.empty()) return true;
    const auto dot = place.rfind('.', place.find("::"));
    return !place.empty() && (dot == place.npos ? on->matches(place, {}) || on->matchesService(place)
                                                : on->matches(std::string_view(place).substr(0, dot),
                                                              std::string_view(place).substr(dot + 1)));
  };
  const auto segments = policy::audit::segmentsOf(command.folder);
  if (!segments) return segments.error();
  for (const auto& segment : *segments) {
    const auto text = readFrom(segment.path, 0);
    Batches batches(text);
    while (const auto batch = batches.next())
      eachEntry(*batch, [&](std::string_view line) {
        if (isWanted(line)) printEntry(std::string(line), command.json);
      });
  }
  std::cout << std::flush;
  return {};
}

Result<policy::audit::Link> linkOf(const std::string& text) {
  const auto colon = text.find(':');
  std::uint64_t number = 0;
  const auto* const endOfNumber = text.data() + std::min(colon, text.size());
  const auto [end, problem] = std::from_chars(text.data(), endOfNumber, number);
  const auto value =
      colon == text.npos ? std::nullopt : policy::audit::digestOf(std::string_view(text).substr(colon + 1));
  if (problem != std::errc() || end != endOfNumber || !value)
    return Error{Code::invalidArgument, "\"" + text + "\" is no link of the chain",
                 "write NUMBER:SHA256 as beckon audit verify prints it"};
  return policy::audit::Link{number, *value};
}

struct Verdict {
  policy::audit::Verifier verifier;
  std::filesystem::path file;  // that is broken
  std::uint64_t line = 0;
  std::string what;  // is wrong; empty: nothing
};

Result<Verdict> verified(const AuditCommand& command) {
  Verdict out;
  if (!command.holds.empty()) {
    const auto link = linkOf(command.holds);
    if (!link) return link.error();
    out.verifier.expect(*link);
  }
  const auto segments = policy::audit::segmentsOf(command.folder);
  if (!segments) return segments.error();
  if (segments->empty())
    return Error{Code::invalidConfig, "there is no record in " + command.folder.string(),
                 "name the folder with --dir: audit, in the folder of the robot's state"};
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const auto& segment = (*segments)[i];
    const auto text = policy::audit::readSegment(segment.path);
    if (!text) return text.error();
    const auto broken = out.verifier.segment(segment.number, *text, i + 1 == segments->size());
    if (!broken) continue;
    out.file = segment.path;
    out.line = broken->line;
    out.what = broken->what;
    return Result<Verdict>(boost::system::in_place_value, std::move(out));
  }
  if (!command.holds.empty() && !out.verifier.hasFoundExpected()) {
    out.file = segments->back().path;
    out.what = "link " + command.holds.substr(0, command.holds.find(':')) +
               " is not what was noted of it, or is gone: the record was written anew or cut";
  }
  return Result<Verdict>(boost::system::in_place_value, std::move(out));
}

Result<> verify(const AuditCommand& command, bool& isSound) {
  const auto verdict = verified(command);
  if (!verdict) return verdict.error();
  const auto& verifier = verdict->verifier;
  isSound = verdict->what.empty();
  const auto last = std::to_string(verifier.link().number) + ":" + policy::audit::hex(verifier.link().value);
  if (command.json) {
    Json out{{"sound", isSound},
             {"segments", verifier.segments()},
             {"entries", verifier.entries()},
             {"first", verifier.first()},
             {"link", last},
             {"unfinished", verifier.unfinished()}};
    if (!isSound) out["broken"] = {{"file", verdict->file.string()}, {"line", verdict->line}, {"what", verdict->what}};
    std::cout << out.dump() << std::endl;
    return {};
  }
  if (isSound) {
    std::cout << "sound: " << verifier.entries() << " entries in " << verifier.segments()
              << (verifier.segments() == 1 ? " segment" : " segments") << ", as they were written" << '\n';
    if (verifier.first() > 1)
      std::cout << "begins with segment " << verifier.first() << ": those before it are gone, by age or for room\n";
    if (verifier.unfinished() > 0)
      std::cout << verifier.unfinished()
                << " bytes at the end are being written, or were left by a process that died\n";
    std::cout << "ends with " << last << std::endl;
    return {};
  }
  std::cout << "not sound: " << verdict->file.string();
  if (verdict->line > 0) std::cout << ", line " << verdict->line;
  std::cout << ": " << verdict->what << "\nwhat is before it is as it was written: " << verifier.entries()
            << " entries, up to " << last << "\nwhat is behind it proves nothing" << std::endl;
  return {};
}

}  // namespace

void addAuditVerb(CLI::App& app, AuditCommand& command) {
  auto* audit = app.add_subcommand("audit", "The record of a robot: what was decided for whom, and what became of it.");
  audit->require_subcommand(1);
  audit->add_option("--dir", command.folder, "The folder of the record: audit, in the folder of the robot's state")
      ->capture_default_str();
  const auto add = [&](const char* name, const char* text, AuditCommand::Action action) {
    auto* verb = audit->add_subcommand(name, text);
    verb->callback([&command, action] { command.action = action; });
    return verb;
  };
  auto* last = add("tail", "The last entries.", AuditCommand::Action::tail);
  last->add_option("-n,--count", command.count, "How many")->capture_default_str();
  last->add_flag("-f,--follow", command.follows, "And those that come, until it is interrupted");
  auto* find = add("query", "The entries for which all of this holds.", AuditCommand::Action::query);
  find->add_option("--who", command.who, "A principal, or a pattern: *@example.org, token:*");
  find->add_option("--what", command.what, "call, post, get, set, watch, register, enter, leave, policy, token ...");
  find->add_option("--on", command.on, "SERVICE or SERVICE.MEMBER, or a pattern");
  find->add_option("--outcome", command.outcome, "done, sent, failed, canceled, refused or unanswered");
  find->add_option("--door", command.door, "lan, iq, command or chat");
  find->add_option("--since", command.since, "2026-11-22, 2026-11-22T18:00:00 (UTC), or 2h: so long ago");
  find->add_option("--until", command.until, "The same");
  auto* check = add("verify", "Whether it is as it was written.", AuditCommand::Action::verify);
  check->add_option("--holds", command.holds, "NUMBER:SHA256 that an earlier verify ended with, noted elsewhere");
}

Result<> audit(const AuditCommand& command, bool& isSound) {
  switch (command.action) {
    case AuditCommand::Action::tail:
      return tail(command);
    case AuditCommand::Action::query:
      return query(command);
    case AuditCommand::Action::verify:
      return verify(command, isSound);
    case AuditCommand::Action::none:
      break;
  }
  return {};
}

}  // namespace beckon::cli
