#include "core/run/identity.hpp"

#include "core/run/private_file.hpp"
#include "core/run/uuid.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

namespace beckon::run {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

Error cannot(const std::string& what, const std::string& next) { return {Code::invalidConfig, what, next}; }

Result<Key> readKey(const std::filesystem::path& path) {
  if (auto exposed = exposure(path)) return std::move(*exposed);
  const File file(std::fopen(path.c_str(), "r"), &std::fclose);
  if (!file) return cannot("cannot read " + path.string(), "check who owns it");
  // Without a function of its own, OpenSSL asks the terminal for the passphrase of a key that has one.
  const auto noPassphrase = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_PrivateKey(file.get(), nullptr, noPassphrase, nullptr), &EVP_PKEY_free);
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519)
    return cannot(path.string() + " does not hold an Ed25519 key",
                  "restore it from a backup; removing it makes a new identity");
  return key;
}

Result<Key> makeKey(const std::filesystem::path& path) {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  // Complete or not there at all: written aside, then renamed.
  const auto draft = path.string() + ".new";
  ::unlink(draft.c_str());  // one that was left behind keeps the mode that it has
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  File file(descriptor < 0 ? nullptr : ::fdopen(descriptor, "w"), &std::fclose);
  if (!key || !file || !PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ||
      std::fflush(file.get()) != 0 || ::fsync(descriptor) != 0 || ::rename(draft.c_str(), path.c_str()) != 0)
    return cannot("cannot write " + path.string(), "make the folder writable");
  return key;
}

std::string fingerprint(EVP_PKEY* key) {
  std::array<unsigned char, 32> raw{}, digest{};
  std::size_t size = raw.size();
  EVP_PKEY_get_raw_public_key(key, raw.data(), &size);
  EVP_Digest(raw.data(), raw.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    constexpr const char* digits = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

}  // namespace

Result<Identity> loadIdentity(const std::filesystem::path& folder) {
  std::error_code problem;
  if (std::filesystem::create_directories(folder, problem))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  if (problem) return cannot("cannot make " + folder.string() + ": " + problem.message(), "choose another folder");

  const auto keyFile = folder / "key.pem";
  const auto key = std::filesystem::exists(keyFile, problem) || problem ? readKey(keyFile) : makeKey(keyFile);
  if (!key) return key.error();

  Identity identity{{}, fingerprint(key->get())};
  const auto idFile = folder / "id";
  if (std::ifstream in(idFile); in >> identity.id) return identity;
  identity.id = makeUuid();
  // Written aside, then renamed: an id that is half there would be replaced at the next start.
  const auto draft = folder / "id.new";
  std::ofstream out(draft);
  out << identity.id << '\n';
  out.close();
  if (!out || ::rename(draft.c_str(), idFile.c_str()) != 0)
    return cannot("cannot write " + idFile.string(), "make the folder writable");
  return identity;
}

}  // namespace beckon::run
