#include "apps/doctor/report.hpp"

#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

namespace beckon::doctor {
namespace {

const char* word(Fact::Kind kind) {
  switch (kind) {
    case Fact::Kind::good:
      return "ok";
    case Fact::Kind::remark:
      return "note";
    case Fact::Kind::bad:
      return "bad";
  }
  return "";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

}  // namespace

std::string textOf(const Fact& fact) {
  return qi::printable(padded(word(fact.kind), 6) + padded(fact.step, 16) + fact.text + " (" +
                       std::to_string(fact.took.count()) + " ms)\n");
}

std::string conclusionOf(const Report& report) {
  std::string text;
  for (const auto& [code, cause, next] : report.problems) {
    text += "problem (" + std::string(run::codeText(code)) + "): " + cause + "\n";
    if (!next.empty()) text += "  next: " + next + "\n";
  }
  if (report.isSound()) text = report.target + " is sound\n";
  return qi::printable(text);
}

std::string jsonOf(const Report& report) {
  using Json = nlohmann::ordered_json;
  Json facts = Json::array(), problems = Json::array();
  for (const auto& [kind, step, text, took] : report.facts)
    facts.push_back({{"kind", word(kind)}, {"step", step}, {"text", text}, {"milliseconds", took.count()}});
  for (const auto& [code, cause, next] : report.problems)
    problems.push_back({{"code", run::codeText(code)}, {"cause", cause}, {"next", next}});
  const Json json{{"target", report.target},         {"sound", report.isSound()},
                  {"generation", report.generation}, {"milliseconds", report.took.count()},
                  {"facts", std::move(facts)},       {"problems", std::move(problems)}};
  // What a peer said need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace beckon::doctor
