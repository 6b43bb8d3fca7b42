#include "policy/audit/chain.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <stdexcept>

namespace beckon::policy::audit {
namespace {

constexpr std::string_view numberKey = "{\"chain\":", linesKey = ",\"lines\":", chainKey = ",\"sha256\":\"",
                           end = "\"}";

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<std::uint64_t> takeNumber(std::string_view& text, std::string_view key) {
  if (!text.starts_with(key)) return std::nullopt;
  text.remove_prefix(key.size());
  std::uint64_t out = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return out;
}

std::string hex(const Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(digest.size() * 2);
  for (const auto byte : digest) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::optional<Digest> digestOf(std::string_view hex) {
  Digest out;
  if (hex.size() != out.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return out;
}

std::string ChainLine::text() const {
  std::string out(numberKey);
  out += std::to_string(link.number);
  out += linesKey;
  out += std::to_string(lines);
  out += chainKey;
  out += hex(link.value);
  out += end;
  out += '\n';
  return out;
}

std::optional<ChainLine> ChainLine::parse(std::string_view line) {
  auto rest = line;
  const auto number = takeNumber(rest, numberKey);
  const auto lines = number ? takeNumber(rest, linesKey) : std::nullopt;
  if (!lines || !rest.starts_with(chainKey) || !rest.ends_with(end) || rest.size() < chainKey.size() + end.size())
    return std::nullopt;
  rest.remove_prefix(chainKey.size());
  rest.remove_suffix(end.size());
  const auto value = digestOf(rest);
  if (!value) return std::nullopt;
  const ChainLine out{{*number, *value}, *lines};
  // There is one way to write it: leading zeros are another.
  if (const auto written = out.text(); std::string_view(written).substr(0, written.size() - 1) != line)
    return std::nullopt;
  return out;
}

struct Chainer::State {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    if (!algorithm || !context) throw std::runtime_error("no SHA-256");
  }
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Chainer::Chainer() : state_(std::make_unique<State>()) {}
Chainer::~Chainer() = default;
Chainer::Chainer(Chainer&&) noexcept = default;
Chainer& Chainer::operator=(Chainer&&) noexcept = default;

Link Chainer::next(const Link& before, std::string_view bytes) {
  Link out{before.number + 1, {}};
  if (EVP_DigestInit_ex2(state_->context, state_->algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(state_->context, before.value.data(), before.value.size()) != 1 ||
      EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(state_->context, out.value.data(), nullptr) != 1)
    throw std::runtime_error("SHA-256 fails");
  return out;
}

}  // namespace beckon::policy::audit
