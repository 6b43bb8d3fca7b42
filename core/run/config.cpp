#include "core/run/config.hpp"

#include "core/run/private_file.hpp"

#include <toml++/toml.h>

#include <fstream>
#include <iterator>
#include <set>

namespace beckon::run {

struct ConfigFile::State {
  std::filesystem::path path;
  toml::table table;
  std::set<std::string, std::less<>> asked;
  std::optional<Error> problem;

  Error at(const toml::source_region& where, const std::string& why, const std::string& nextStep) const {
    return {Code::invalidConfig,
            path.string() + ", line " + std::to_string(where.begin.line) + ", column " +
                std::to_string(where.begin.column) + ": " + why,
            nextStep};
  }

  const toml::node* find(std::string_view key) {
    asked.emplace(key);
    return problem ? nullptr : table.at_path(key).node();
  }

  // Told at the table where it would stand, as far as there is one.
  void missing(std::string_view key) {
    if (problem) return;
    const toml::table* in = &table;
    for (auto dot = key.find('.'); dot != key.npos; dot = key.find('.', dot + 1)) {
      const auto* inner = table.at_path(key.substr(0, dot)).as_table();
      if (!inner) break;
      in = inner;
    }
    problem =
        at(in->source(), "\"" + std::string(key) + "\" is missing", "add it; docs/configuration.md lists every key");
  }

  void wrongType(const toml::node& node, std::string_view key, const char* wanted) {
    if (!problem)
      problem = at(node.source(), "\"" + std::string(key) + "\" must be " + wanted, "see docs/configuration.md");
  }

  // Whether somebody asked for `full` or, of a table, for something in it.
  bool isAsked(const std::string& full, bool isTable) const {
    if (asked.contains(full)) return true;
    const auto next = asked.lower_bound(full + ".");
    return isTable && next != asked.end() && next->starts_with(full + ".");
  }

  // The first key, in the order of the file, that nobody asked for.
  void findUnknown(const toml::table& in, const std::string& prefix, const toml::key** first, std::string& name) const {
    for (const auto& [key, node] : in) {
      const std::string full = prefix + std::string(key.str());
      // A key with a dot inside quotes is none that find() can reach; an empty table may be a misspelt one.
      const bool isReachable = key.str().find('.') == std::string_view::npos;
      const auto* inner = node.as_table();
      if (inner && !inner->empty() && isReachable) {
        findUnknown(*inner, full + ".", first, name);
      } else if (!(isReachable && isAsked(full, inner)) && (!*first || key.source().begin < (*first)->source().begin)) {
        *first = &key;
        name = full;
      }
    }
  }
};

ConfigFile::ConfigFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ConfigFile::~ConfigFile() = default;
ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile& ConfigFile::operator=(ConfigFile&&) noexcept = default;

Result<ConfigFile> ConfigFile::open(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file)
    return Error{Code::invalidConfig, "cannot read " + path.string(), "check the path and that you may read it"};
  auto state = std::make_unique<State>();
  state->path = path;
  try {
    state->table = toml::parse(file, path.string());
    if (file.bad()) return Error{Code::invalidConfig, "cannot read " + path.string(), "name a file that you may read"};
  } catch (const toml::parse_error& error) {
    return state->at(error.source(), std::string(error.description()),
                     "correct the line; docs/configuration.md has an example");
  }
  return ConfigFile(std::move(state));
}

std::string ConfigFile::text(std::string_view key) {
  const auto* node = state_->find(key);
  if (!node) return state_->missing(key), std::string();
  const auto* value = node->as_string();
  if (!value || value->get().empty()) return state_->wrongType(*node, key, "a text that is not empty"), std::string();
  return value->get();
}

std::string ConfigFile::textOr(std::string_view key, std::string fallback) {
  return state_->find(key) ? text(key) : fallback;
}

std::int64_t ConfigFile::integerOr(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most) {
  const auto* node = state_->find(key);
  if (!node) return fallback;
  const auto* value = node->as_integer();
  if (value && value->get() >= least && value->get() <= most) return value->get();
  state_->wrongType(*node, key, ("a number from " + std::to_string(least) + " to " + std::to_string(most)).c_str());
  return fallback;
}

bool ConfigFile::flagOr(std::string_view key, bool fallback) {
  const auto* node = state_->find(key);
  if (!node) return fallback;
  const auto* value = node->as_boolean();
  if (!value) state_->wrongType(*node, key, "true or false");
  return value ? value->get() : fallback;
}

std::vector<std::string> ConfigFile::textsOr(std::string_view key, std::vector<std::string> fallback) {
  const auto* node = state_->find(key);
  if (!node) return fallback;
  std::vector<std::string> out;
  const auto* list = node->as_array();
  if (!list) return state_->wrongType(*node, key, "a list of texts"), out;
  for (const auto& item : *list) {
    const auto* value = item.as_string();
    if (!value) return state_->wrongType(item, key, "a list of texts"), out;
    out.push_back(value->get());
  }
  return out;
}

std::filesystem::path ConfigFile::pathOr(std::string_view key, std::filesystem::path fallback) {
  if (!state_->find(key)) return fallback;
  const std::string value = text(key);
  return value.empty() ? std::filesystem::path() : state_->path.parent_path() / value;
}

std::string ConfigFile::secret(std::string_view key) {
  const std::string value = text(key);
  if (value.empty()) return {};
  const auto file = state_->path.parent_path() / value;
  if (std::error_code problem; !std::filesystem::exists(file, problem))
    return reject(key, "there is no file " + file.string(), "write the secret into it, mode 0600"), std::string();
  if (const auto exposed = exposure(file)) return reject(key, exposed->cause, exposed->nextStep), std::string();
  std::ifstream in(file);
  std::string content{std::istreambuf_iterator<char>(in), {}};
  if (content.ends_with('\n')) content.pop_back();
  if (content.empty()) reject(key, file.string() + " is empty or cannot be read", "write the secret into it");
  return content;
}

void ConfigFile::reject(std::string_view key, const std::string& why, const std::string& nextStep) {
  if (state_->problem) return;
  const auto* node = state_->find(key);
  state_->problem =
      node ? state_->at(node->source(), "\"" + std::string(key) + "\": " + why, nextStep)
           : Error{Code::invalidConfig, state_->path.string() + ": \"" + std::string(key) + "\": " + why, nextStep};
}

Result<> ConfigFile::finishPart() const {
  if (state_->problem) return *state_->problem;
  return {};
}

Result<> ConfigFile::finish() {
  if (const auto part = finishPart(); !part) return part;
  const toml::key* unknown = nullptr;
  std::string name;
  state_->findUnknown(state_->table, {}, &unknown, name);
  if (unknown)
    return state_->at(unknown->source(), "\"" + name + "\" is not a key that is known here",
                      "docs/configuration.md lists every key");
  return {};
}

}  // namespace beckon::run
