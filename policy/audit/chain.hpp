#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace beckon::policy::audit {

// SHA-256 of everything before: whoever changes, removes or adds a line has to change every value behind it.
using Digest = std::array<std::uint8_t, 32>;
std::string hex(const Digest& digest);
std::optional<Digest> digestOf(std::string_view hex);
// Takes `key` and the number behind it off the front of a line.
std::optional<std::uint64_t> takeNumber(std::string_view& text, std::string_view key);

// The state of the chain behind a line {"chain":N,...}. The first batch of a record is chained to thirty-two zeros.
struct Link {
  std::uint64_t number = 0;
  Digest value{};
  bool operator==(const Link&) const = default;
};

// What ends each batch of lines (docs/protocol/audit.md).
struct ChainLine {
  Link link;
  std::uint64_t lines = 0;  // of the batch, this one not among them

  // With the newline.
  std::string text() const;
  // Exactly what text() gives, without the newline; none for anything else.
  static std::optional<ChainLine> parse(std::string_view line);
};

// Computes links; keeps what the computing needs, so that it costs no allocation.
class Chainer {
 public:
  Chainer();
  ~Chainer();
  Chainer(Chainer&&) noexcept;
  Chainer& operator=(Chainer&&) noexcept;
  // The link behind a batch: `bytes` are its lines as they stand in the file, newlines too.
  Link next(const Link& before, std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace beckon::policy::audit
