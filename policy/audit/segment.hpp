#pragma once

#include "core/run/error.hpp"
#include "policy/audit/chain.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A record is a folder of segments, files of lines that only grow (docs/protocol/audit.md).
namespace beckon::policy::audit {

// "YYYYMMDD-HHMMSS-NNNNNN.jsonl": when it was begun, for people, and its number, which orders them: a clock may be set.
struct SegmentName {
  std::filesystem::path path;
  std::uint64_t number = 0;
};
std::string segmentFileName(std::chrono::sys_seconds begun, std::uint64_t number);
std::optional<std::uint64_t> segmentNumber(std::string_view fileName);
// Those of a folder, in the order of their numbers; other files are left alone. Error invalidConfig: it cannot be read.
run::Result<std::vector<SegmentName>> segmentsOf(const std::filesystem::path& folder);

// The first line of each: {"segment":12,"format":1,"after":41,"sha256":"..."}, the end of the chain before it.
struct Head {
  std::uint64_t number = 0;
  Link after;

  std::string text() const;  // with the newline
  static std::optional<Head> parse(std::string_view line);
};

// The batches of one segment, as they stand in its text, one after the other. Knows nothing about what is true: see
// Verifier.
class Batches {
 public:
  struct Batch {
    std::size_t at = 0;      // of its first byte in the segment
    std::string_view bytes;  // its lines, newlines too, without the chain line
    std::uint64_t lines = 0;
    ChainLine end;
  };

  explicit Batches(std::string_view segment) : all_(segment) {}
  // None: no whole batch follows.
  std::optional<Batch> next();
  // Where the last batch ended.
  std::size_t position() const { return at_; }
  std::string_view rest() const { return all_.substr(at_); }

 private:
  std::string_view all_;
  std::size_t at_ = 0;
};

// Whole, or the reason. Error invalidConfig.
run::Result<std::string> readSegment(const std::filesystem::path& path);

// Checks segments one after the other, in the order of their numbers.
class Verifier {
 public:
  // What does not hold, and where.
  struct Broken {
    std::uint64_t line = 0;  // of the file, from 1: where the batch begins that does not hold
    std::string what;
  };
  // A link that was noted elsewhere, where nobody who could change the record could change it: it has to be there.
  void expect(const Link& link) { expected_ = link; }
  bool hasFoundExpected() const { return !expected_; }

  // `isLast`: it may end in the middle of a batch, that is being written or was torn.
  std::optional<Broken> segment(std::uint64_t number, std::string_view text, bool isLast);

  const Link& link() const { return link_; }
  std::uint64_t segments() const { return segments_; }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t batches() const { return batches_; }
  std::size_t unfinished() const { return unfinished_; }  // bytes behind the last chain line
  // The number of the first: others before it were removed if it is not 1.
  std::uint64_t first() const { return first_; }

 private:
  Chainer chainer_;
  Link link_;
  std::optional<Link> expected_;  // until it is found
  std::uint64_t first_ = 0, last_ = 0, segments_ = 0, entries_ = 0, batches_ = 0;
  std::size_t unfinished_ = 0;
};

}  // namespace beckon::policy::audit
