#pragma once

#include "core/run/error.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beckon::run {

// A TOML file being read. Ask for every key that may be there, then finish(): what is missing, of the wrong
// type, not acceptable or not known becomes one error invalidConfig that names file, line and column.
//
//   auto file = ConfigFile::open(path);
//   settings.account = file->text("xmpp.account");            // required
//   settings.host = file->textOr("xmpp.host", "");
//   if (const auto problem = file->finish(); !problem) ...
//
// After the first problem everything asked for reads as absent.
class ConfigFile {
 public:
  static Result<ConfigFile> open(const std::filesystem::path& path);
  ~ConfigFile();
  ConfigFile(ConfigFile&&) noexcept;
  ConfigFile& operator=(ConfigFile&&) noexcept;

  // Keys are written with dots. The ..Or forms give the fallback where the key is absent.
  std::string text(std::string_view key);
  std::string textOr(std::string_view key, std::string fallback);
  std::int64_t integerOr(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most);
  bool flagOr(std::string_view key, bool fallback);
  std::vector<std::string> textsOr(std::string_view key, std::vector<std::string> fallback);
  // A path that is relative to the file's own folder.
  std::filesystem::path pathOr(std::string_view key, std::filesystem::path fallback);
  // The content of the file that `key` names, without its last newline. The file must belong to nobody else:
  // mode 0600 or less.
  std::string secret(std::string_view key);

  // For what only the caller can judge: the value of `key` is not acceptable.
  void reject(std::string_view key, const std::string& why, const std::string& nextStep);

  Result<> finish();
  // The same for who reads a part of the file only: keys that nobody asked for are left alone.
  Result<> finishPart() const;

 private:
  struct State;
  explicit ConfigFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace beckon::run
