#include "gateway/doors/chat_words.hpp"

#include "core/qi/utf8.hpp"

#include <algorithm>
#include <functional>

namespace beckon::gateway {

using run::Code;
using run::Error;
using run::Result;

namespace {

// So many lines help has, at most: what does not fit is asked for by its service.
constexpr std::size_t mostLines = 24;
constexpr std::size_t longestDescription = 200;
constexpr std::string_view quoting = "Put a text with blanks in quotation marks: \"hello you\".";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool isSameWord(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

// Each method once, whatever overloads it has.
void forEachName(const std::vector<Callable>& all,
                 const std::function<void(const Callable&, const std::string& name)>& visit) {
  for (const auto& callable : all)
    for (auto at = callable.methods.begin(); at != callable.methods.end(); ++at)
      if (std::none_of(callable.methods.begin(), at, [&](const auto& before) { return before.name == at->name; }))
        visit(callable, at->name);
}

bool isUnique(const std::vector<Callable>& all, std::string_view method) {
  if (isHelp(method)) return false;
  return 1 == std::ranges::count_if(all, [&](const Callable& each) {
           return std::ranges::count(each.methods, method, &qi::MetaMethod::name) > 0;
         });
}

std::vector<Meaning> fitting(const std::vector<Callable>& all, std::string_view name,
                             bool isSame(std::string_view, std::string_view)) {
  std::vector<Meaning> out;
  forEachName(all, [&](const Callable& of, const std::string& method) {
    if (isSame(name, method) || isSame(name, of.service + "." + method))
      out.push_back({of.service, method, isUnique(all, method)});
  });
  return out;
}

bool isEqual(std::string_view a, std::string_view b) { return a == b; }

std::string described(const std::vector<Callable>& all, const Meaning& meaning) {
  std::string out;
  for (const auto& line : usages(all, meaning)) out += "\n" + line;
  for (const auto& each : all)
    if (each.service == meaning.service)
      for (const auto& method : each.methods)
        if (method.name == meaning.method && !method.description.empty())
          return out + "  - " + qi::printable(method.description, longestDescription);
  return out;
}

std::string listing(const std::vector<Callable>& all, const std::vector<Callable>& shown) {
  std::string out;
  forEachName(shown, [&](const Callable& of, const std::string& method) {
    out += described(all, {of.service, method, isUnique(all, method)});
  });
  return out;
}

std::size_t countOf(const Callable& callable) {
  std::size_t out = 0;
  forEachName({callable}, [&](const Callable&, const std::string&) { ++out; });
  return out;
}

}  // namespace

bool isHelp(std::string_view word) { return isSameWord(word, "help") || word == "?"; }

Result<Meaning> meaningOf(const std::vector<Callable>& all, std::string_view word) {
  const auto colons = std::min(word.find("::"), word.size());
  const auto name = word.substr(0, colons);
  auto found = fitting(all, name, isEqual);
  if (found.empty()) found = fitting(all, name, isSameWord);
  if (found.size() == 1) {
    found.front().method += word.substr(colons);
    return std::move(found.front());
  }
  const auto shown = "\"" + qi::printable(word, 60) + "\"";
  if (!found.empty()) {
    std::string places;
    for (const auto& each : found) places += (places.empty() ? "" : " or ") + each.service + "." + each.method;
    return Error{Code::badArguments, "several services have " + shown, "write " + places};
  }
  if (const auto dot = name.rfind('.'); dot != std::string_view::npos && dot > 0 && dot + 1 < name.size())
    return Meaning{std::string(word.substr(0, dot)), std::string(word.substr(dot + 1))};
  return Error{Code::unknownMember, "there is no command " + shown, "write help to see what there is"};
}

std::vector<std::string> usages(const std::vector<Callable>& all, const Meaning& meaning) {
  std::vector<std::string> out;
  const auto name = meaning.method.substr(0, meaning.method.find("::"));
  for (const auto& each : all)
    if (each.service == meaning.service)
      for (const auto& method : each.methods)
        if (method.name == name) out.push_back((meaning.isShort ? "" : each.service + ".") + usage(method));
  return out;
}

std::string help(const std::vector<Callable>& all, std::optional<std::string_view> about) {
  if (about) {
    std::vector<Callable> services;
    for (const auto& each : all)
      if (isSameWord(each.service, *about)) services.push_back(each);
    if (!services.empty()) return services.front().service + " takes:" + listing(all, services);
    auto meant = fitting(all, *about, isEqual);
    if (meant.empty()) meant = fitting(all, *about, isSameWord);
    std::string out;
    for (const auto& each : meant) out += described(all, each);
    if (!out.empty()) return out.substr(1);
    return "There is no command or service \"" + qi::printable(*about, 60) + "\". Write help to see what there is.";
  }
  if (all.empty()) return "There is nothing that you may ask this robot for just now.";
  std::size_t count = 0;
  for (const auto& each : all) count += countOf(each);
  if (count <= mostLines) return "You may write:" + listing(all, all) + "\n" + std::string(quoting);
  std::string out = "You may use these services; help SERVICE tells what each takes:";
  for (const auto& each : all) out += "\n" + each.service + " (" + std::to_string(countOf(each)) + ")";
  return out + "\n" + std::string(quoting);
}

}  // namespace beckon::gateway
