#include "core/run/identity.hpp"

#include "core/run/uuid.hpp"

#include <cstdio>
#include <fstream>

namespace beckon::run {
namespace {

Error cannot(const std::string& what, const std::string& next) { return {Code::invalidConfig, what, next}; }

}  // namespace

Result<Identity> loadIdentity(const std::filesystem::path& folder) {
  std::error_code problem;
  if (std::filesystem::create_directories(folder, problem))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  if (problem) return cannot("cannot make " + folder.string() + ": " + problem.message(), "choose another folder");

  const auto keyFile = folder / keyFileName;
  const auto key =
      std::filesystem::exists(keyFile, problem) || problem ? PrivateKey::read(keyFile) : PrivateKey::make(keyFile);
  if (!key) return key.error();

  Identity identity{{}, *key};
  const auto idFile = folder / "id";
  if (std::ifstream in(idFile); in >> identity.id) return identity;
  identity.id = makeUuid();
  // Written aside, then renamed: an id that is half there would be replaced at the next start.
  const auto draft = folder / "id.new";
  std::ofstream out(draft);
  out << identity.id << '\n';
  out.close();
  if (!out || std::rename(draft.c_str(), idFile.c_str()) != 0)
    return cannot("cannot write " + idFile.string(), "make the folder writable");
  return identity;
}

}  // namespace beckon::run
