#include "policy/audit/segment.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace beckon::policy::audit {

using run::Code;
using run::Error;
using run::Result;

namespace {

constexpr std::string_view extension = ".jsonl";
constexpr std::string_view segmentKey = "{\"segment\":", afterKey = ",\"format\":1,\"after\":",
                           valueKey = ",\"sha256\":\"", headEnd = "\"}";

}  // namespace

std::string segmentFileName(std::chrono::sys_seconds begun, std::uint64_t number) {
  const auto day = std::chrono::floor<std::chrono::days>(begun);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(begun - day);
  char out[96];
  std::snprintf(out, sizeof out, "%04d%02u%02u-%02u%02u%02u-%06llu", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<unsigned>(clock.hours().count()), static_cast<unsigned>(clock.minutes().count()),
                static_cast<unsigned>(clock.seconds().count()), static_cast<unsigned long long>(number));
  return std::string(out).append(extension);
}

std::optional<std::uint64_t> segmentNumber(std::string_view fileName) {
  if (!fileName.ends_with(extension)) return std::nullopt;
  fileName.remove_suffix(extension.size());
  const auto dash = fileName.rfind('-');
  if (dash == fileName.npos || dash != 15 || fileName[8] != '-') return std::nullopt;
  const auto digits = fileName.substr(dash + 1);
  std::uint64_t out = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (digits.size() < 6 || problem != std::errc() || end != digits.data() + digits.size() || out == 0)
    return std::nullopt;
  return out;
}

Result<std::vector<SegmentName>> segmentsOf(const std::filesystem::path& folder) {
  std::vector<SegmentName> out;
  std::error_code problem;
  std::filesystem::directory_iterator entry(folder, problem), end;
  while (!problem && entry != end) {
    if (const auto number = segmentNumber(entry->path().filename().string())) out.push_back({entry->path(), *number});
    entry.increment(problem);
  }
  if (problem)
    return Error{Code::invalidConfig, "cannot read the folder " + folder.string() + ": " + problem.message(),
                 "name the folder of a robot's record: audit, in the folder of its state"};
  std::ranges::sort(out, {}, &SegmentName::number);
  return out;
}

std::string Head::text() const {
  std::string out(segmentKey);
  out += std::to_string(number);
  out += afterKey;
  out += std::to_string(after.number);
  out += valueKey;
  out += hex(after.value);
  out += headEnd;
  out += '\n';
  return out;
}

std::optional<Head> Head::parse(std::string_view line) {
  auto rest = line;
  const auto number = takeNumber(rest, segmentKey);
  const auto after = number ? takeNumber(rest, afterKey) : std::nullopt;
  if (!after || !rest.starts_with(valueKey) || !rest.ends_with(headEnd) ||
      rest.size() < valueKey.size() + headEnd.size())
    return std::nullopt;
  rest.remove_prefix(valueKey.size());
  rest.remove_suffix(headEnd.size());
  const auto value = digestOf(rest);
  if (!value) return std::nullopt;
  const Head out{*number, {*after, *value}};
  if (const auto written = out.text(); std::string_view(written).substr(0, written.size() - 1) != line)
    return std::nullopt;
  return out;
}

std::optional<Batches::Batch> Batches::next() {
  Batch out;
  out.at = at_;
  for (std::size_t begin = at_;;) {
    const auto end = all_.find('\n', begin);
    if (end == all_.npos) return std::nullopt;
    // Entries begin otherwise: most lines are told apart by a byte or two.
    if (const auto chain = ChainLine::parse(all_.substr(begin, end - begin))) {
      out.bytes = all_.substr(at_, begin - at_);
      out.end = *chain;
      at_ = end + 1;
      return out;
    }
    ++out.lines;
    begin = end + 1;
  }
}

Result<std::string> readSegment(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string out{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad())
    return Error{Code::invalidConfig, "cannot read " + path.string(), "read it as the user whose robot it is"};
  return out;
}

std::optional<Verifier::Broken> Verifier::segment(std::uint64_t number, std::string_view text, bool isLast) {
  unfinished_ = 0;
  const auto newline = text.find('\n');
  if (newline == text.npos && isLast) {
    unfinished_ = text.size();
    return std::nullopt;
  }
  const auto head = newline == text.npos ? std::nullopt : Head::parse(text.substr(0, newline));
  if (!head) return Broken{1, "its first line does not say which segment it is"};
  if (head->number != number) return Broken{1, "it says that it is segment " + std::to_string(head->number)};
  if (segments_ > 0 && number != last_ + 1)
    return Broken{1, "segment " + std::to_string(last_ + 1) + (number == last_ + 2 ? " is" : " and others are") +
                         " missing before it"};
  if (segments_ > 0 && head->after != link_)
    return Broken{1, "it does not go on where segment " + std::to_string(last_) +
                         " ends: the end of that one, or this whole one, was changed or removed"};
  if (segments_ == 0) {
    first_ = number;
    link_ = head->after;
    if (number == 1 && link_ != Link{}) return Broken{1, "the first segment does not begin the chain"};
  }
  ++segments_;
  last_ = number;
  Batches batches(text);
  std::uint64_t line = 1;
  bool isFirst = true;
  while (const auto batch = batches.next()) {
    const auto expected = chainer_.next(link_, batch->bytes);
    if (batch->end.link.number != expected.number)
      return Broken{line, "link " + std::to_string(expected.number) + " of the chain is missing"};
    if (batch->end.lines != batch->lines || batch->end.link.value != expected.value)
      return Broken{line, "lines " + std::to_string(line) + " to " + std::to_string(line + batch->lines) +
                              " are not what was written: one was changed, added or removed"};
    link_ = expected;
    if (expected_ == link_) expected_.reset();
    ++batches_;
    entries_ += batch->lines - (isFirst ? 1 : 0);  // the head is none
    isFirst = false;
    line += batch->lines + 1;
  }
  unfinished_ = batches.rest().size();
  if (unfinished_ > 0 && !isLast)
    return Broken{line, "its end is missing: the lines from " + std::to_string(line) + " have no link of the chain"};
  return std::nullopt;
}

}  // namespace beckon::policy::audit
