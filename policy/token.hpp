#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace beckon::policy {

// The text that its holder shows: "bkn_", then 32 random bytes and the first 3 of their SHA-256 in base32 (RFC 4648,
// small letters, 56 of them). The 3 bytes tell a token that was cut or mistyped from one that nobody knows.
constexpr std::string_view tokenPrefix = "bkn_";
using TokenSecret = std::array<std::uint8_t, 32>;
std::string tokenText(const TokenSecret& secret);
// From the system's random numbers. Throws std::runtime_error if there are none.
TokenSecret randomSecret();
std::string randomTokenText();

// What is kept of a token: the SHA-256 of its text. 256 random bits cannot be guessed from it, so no slow hash is
// needed (docs/design/024).
using TokenHash = std::array<std::uint8_t, 32>;
// None if `text` is no token.
std::optional<TokenHash> tokenHash(std::string_view text);

// On the robot's clock.
using WallTime = std::chrono::sys_seconds;
// A clock before 2020 has not been set since the robot was switched on (many begin in 1970).
constexpr WallTime earliestClock = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
WallTime wallClock();  // the system's
constexpr bool isSet(WallTime clock) { return clock >= earliestClock; }

// A token as it is kept: the credential of whoever comes by the LAN, as the principal "token:NAME".
struct Token {
  std::int64_t id = 0;  // never given twice; a new token of the same name has another
  std::string name, role;
  TokenHash hash{};
  WallTime made{};
  std::optional<WallTime> end;      // none: good until it is revoked
  std::optional<WallTime> revoked;  // when
};

// `clockNotSet`: it has an end, which cannot be judged.
enum class TokenState { valid, revoked, expired, clockNotSet };
TokenState stateOf(const Token& token, WallTime now);
// Why it lets nobody in, for people: "the token was revoked". Empty for `valid`.
std::string_view stateReason(TokenState state);

// 1 to 64 letters, digits, '.', '_' and '-', since it is part of a principal and stands in logs; not beginning as the
// text of a token does, which would stand there then.
bool isTokenName(std::string_view name);

}  // namespace beckon::policy
