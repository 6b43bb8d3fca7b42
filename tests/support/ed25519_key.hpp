#pragma once

#include "core/run/base64url.hpp"
#include "core/run/key.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace beckon::test {

using Seed = std::array<std::uint8_t, 32>;

// The key of a seed (RFC 8032 section 5.1.5): the same each time, for vectors; by way of a file, as every key comes.
inline run::PrivateKey keyOf(const Seed& seed) {
  std::vector<std::uint8_t> der{0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};  // RFC 8410 section 7
  der.insert(der.end(), seed.begin(), seed.end());
  auto text = run::base64url(der);  // of 48 bytes: no padding
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const TemporaryFolder folder;
  const auto file = folder.path() / "key.pem";
  std::ofstream(file) << "-----BEGIN PRIVATE KEY-----\n" << text << "\n-----END PRIVATE KEY-----\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return run::PrivateKey::read(file).value();
}

inline run::PrivateKey keyNumber(std::uint8_t number) {
  Seed seed;
  seed.fill(number);
  return keyOf(seed);
}

}  // namespace beckon::test
