#include "apps/cli/completion.hpp"

#include <CLI/CLI.hpp>

namespace beckon::cli {
namespace {

std::string optionsOf(const CLI::App& app) {
  std::string out;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) out += " --" + name;
    for (const auto& name : option->get_snames()) out += " -" + name;
  }
  return out;
}

// Of `app`, reached by the words `path`, and those below it: the words that lead on, and what may follow.
void add(const CLI::App& app, const std::string& path, const std::string& options, std::string& steps,
         std::string& offers) {
  const auto all = options + optionsOf(app);
  std::string words;
  for (const auto* verb : app.get_subcommands({})) {
    const auto further = path + "/" + verb->get_name();
    words += " " + verb->get_name();
    steps += "      '" + further + "') path='" + further + "' ;;\n";
    add(*verb, further, all, steps, offers);
  }
  offers += "    '" + path + "') words='" + (words + all).substr(1) + "' ;;\n";
}

}  // namespace

std::string bashCompletion(const CLI::App& app) {
  std::string steps, offers;
  add(app, "", "", steps, offers);
  const auto name = "_" + app.get_name();
  return name + "() {\n  local path='' words='' word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n" +
         "    case \"$path/$word\" in\n" + steps + "    esac\n  done\n  case \"$path\" in\n" + offers +
         "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F " +
         name + " " + app.get_name() + "\n";
}

}  // namespace beckon::cli
