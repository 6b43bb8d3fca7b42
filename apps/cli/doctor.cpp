#include "apps/cli/doctor.hpp"

#include "apps/cli/token_file.hpp"
#include "apps/doctor/examine.hpp"
#include "apps/report.hpp"
#include "core/run/machine_id.hpp"

#include <iostream>

namespace beckon::cli {

using run::Result;

namespace {

Result<doctor::Question> readQuestion(const Command& command) {
  auto target = doctor::readTarget(command.host);
  if (!target) return target.error();
  // With TLS in mind even where the address leaves it open.
  const localbus::Endpoint endpoint{target->host, 0, target->scheme.value_or(localbus::Endpoint::Scheme::tcps), {}};
  auto tls = apps::diallingTls(command.tls, endpoint);
  if (!tls) return tls.error();
  auto context = *tls ? Result<localbus::TlsContext>(**tls) : localbus::TlsContext::client({});
  if (!context) return context.error();
  const auto machine = run::machineId();
  if (!machine) return machine.error();
  doctor::Question question{.target = std::move(*target), .tls = std::move(*context), .machineId = *machine};
  if (!command.tls.certificate.empty()) question.own = localbus::TlsKeyPair{command.tls.certificate, command.tls.key};
  const auto file = tokenFileOf(command);
  if (file.empty()) return question;
  const auto token = openToken(file, command);
  if (!token) return token.error();
  (*token)->onProblem([](const run::Error& error) { apps::report(error); });
  question.credentials = (*token)->credentials();
  question.more = apps::BusToken::renewal(*token);
  return question;
}

}  // namespace

boost::asio::awaitable<Result<bool>> doctor(const Command& command) {
  auto question = readQuestion(command);
  if (!question) co_return question.error();
  std::function<void(const doctor::Fact&)> told;
  if (!command.json) told = [](const doctor::Fact& fact) { std::cout << doctor::textOf(fact) << std::flush; };
  auto examining = doctor::examine(std::move(*question), std::move(told));
  const auto report = co_await std::move(examining);
  std::cout << (command.json ? doctor::jsonOf(report) : doctor::conclusionOf(report)) << std::flush;
  co_return report.isSound();
}

}  // namespace beckon::cli
