#include "apps/bus_token.hpp"

#include "core/run/private_file.hpp"
#include "policy/token.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

namespace beckon::apps {

using run::Code;
using run::Error;
using run::Result;

namespace {

// Bytes. The longest tokens in use (signed JSON) have some 2 KiB; what is larger is another file.
constexpr std::size_t largest = 4096;
constexpr const char* newToken = "auth_newToken";

Result<std::string> readLine(std::istream& in, const std::string& name) {
  std::string line(largest + 2, '\0');
  in.get(line.data(), static_cast<std::streamsize>(line.size()), '\n');
  line.resize(static_cast<std::size_t>(in.gcount()));
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty() || line.size() > largest)
    return Error{Code::invalidArgument, name + " holds no token", "its first line is the token and nothing else"};
  // Another robot's software may have tokens of another form; of ours it can be told here.
  if (line.starts_with(policy::tokenPrefix) && !policy::tokenHash(line))
    return Error{Code::invalidArgument, "the token in " + name + " was cut or mistyped",
                 "copy it again, the whole line"};
  return line;
}

}  // namespace

Result<std::shared_ptr<BusToken>> BusToken::open(const std::filesystem::path& file, std::string user) {
  if (file == "-") {
    const auto token = readLine(std::cin, "standard input");
    if (!token) return token.error();
    return std::shared_ptr<BusToken>(new BusToken({}, std::move(user), *token));
  }
  std::error_code problem;
  // A link stays one: a new token goes to where it leads.
  const auto real = std::filesystem::canonical(file, problem);
  if (problem)
    return Error{Code::invalidConfig, "cannot read " + file.string() + ": " + problem.message(),
                 "write the token into it, mode 0600"};
  if (auto exposed = run::exposure(real)) return std::move(*exposed);
  std::ifstream in(real);
  const auto token = readLine(in, file.string());
  if (!token) return token.error();
  return std::shared_ptr<BusToken>(new BusToken(real, std::move(user), *token));
}

qi::CapabilityMap BusToken::credentials() const {
  qi::CapabilityMap map{{"auth_token", qi::dynamic(token_)}};
  if (!user_.empty()) map.emplace("auth_user", qi::dynamic(user_));
  return map;
}

localbus::CredentialSource BusToken::renewal(std::shared_ptr<BusToken> token) {
  return [token = std::move(token)](const qi::CapabilityMap& asked) -> qi::CapabilityMap {
    const auto found = asked.find(newToken);
    const auto* given = found == asked.end() ? nullptr : found->second.inner().as<std::string>();
    if (!given || given->empty() || given->size() > largest) return {};
    if (*given != token->token_) {
      token->token_ = *given;
      // Before it is shown for the first time: from then on the old one may be worth nothing.
      const auto kept = token->keep(*given);
      if (!kept && token->onProblem_) token->onProblem_(kept.error());
    }
    return token->credentials();
  };
}

Result<> BusToken::keep(const std::string& token) const {
  const auto lost = [](const std::string& why, const std::string& next) {
    return Error{Code::invalidConfig, "the robot gave a new token, which is not kept: " + why, next};
  };
  if (file_.empty()) return lost("the old one came by standard input", "give a file with --token-file");
  // Complete or not there at all: written aside, then renamed.
  const std::string draft = file_.string() + ".new";
  ::unlink(draft.c_str());  // one that was left behind keeps the mode that it has
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const auto why = [&] { return "cannot write " + draft + ": " + std::strerror(errno); };
  if (descriptor < 0) return lost(why(), "make its folder writable for this program");
  const std::string line = token + "\n";
  const bool isWritten =
      ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(descriptor) == 0;
  const std::string problem = isWritten ? "" : why();
  ::close(descriptor);
  if (!isWritten) return lost(problem, "make room on its disk");
  if (std::rename(draft.c_str(), file_.c_str()) != 0) return lost(why(), "make its folder writable for this program");
  return {};
}

}  // namespace beckon::apps
