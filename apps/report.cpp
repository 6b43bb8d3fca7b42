#include "apps/report.hpp"

#include "core/qi/utf8.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace beckon::apps {

std::string errorText(const run::Error& error) {
  std::string text = "error (" + std::string(run::codeText(error.code)) + "): " + error.cause + "\n";
  if (!error.nextStep.empty()) text += "  next: " + error.nextStep + "\n";
  return qi::printable(text);  // parts of it may be a peer's
}

std::string errorJson(const run::Error& error) {
  const nlohmann::ordered_json json{
      {"error", {{"code", run::codeText(error.code)}, {"cause", error.cause}, {"next", error.nextStep}}}};
  // What a peer said need not be UTF-8.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void report(const run::Error& error, bool json) {
  if (json)
    std::cout << errorJson(error) << std::flush;
  else
    std::cerr << errorText(error) << std::flush;
}

}  // namespace beckon::apps
