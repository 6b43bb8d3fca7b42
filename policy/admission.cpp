#include "policy/admission.hpp"

namespace beckon::policy {

using run::Code;
using run::Error;
using run::Result;

Admission::Admission(LiveTokens& tokens, KnowsKey knowsKey, run::Log log, SteadyClock clock)
    : tokens_(tokens), knowsKey_(std::move(knowsKey)), log_(std::move(log)), clock_(std::move(clock)) {}

Result<Admitted> Admission::admit(const Credentials& credentials) {
  if (!credentials.token.empty()) return byToken(credentials);
  if (credentials.key.empty())
    return Error{Code::notAuthenticated, "missing token", "give a token, or a certificate that the policy knows"};
  Admitted out{"key:" + std::string(credentials.key), {}};
  if (knowsKey_ && knowsKey_(out.principal)) return out;
  return Error{Code::notAuthenticated, "unknown key " + std::string(credentials.key),
               "have the key's fingerprint entered in the robot's policy, or give a token"};
}

Result<Admitted> Admission::byToken(const Credentials& credentials) {
  const auto now = clock_();
  // Before the token is looked at: else a right one would be told from a wrong one all the same.
  if (const auto wait = guesses_.wait(credentials.address, now); wait > Guesses::Duration::zero())
    return Error{Code::overloaded,
                 "too many bad tokens from this address, try again in " +
                     std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) + " s",
                 "wait, and give the right token"};
  const auto found = tokens_.find(credentials.token);
  if (found.token) return Admitted{"token:" + found.token->name, {found.token->role}, found.token->id};
  // Whoever shows one that has ended was given it once: that is no guess.
  if (!found.isKnown) {
    guesses_.failed(credentials.address, now);
    if (guesses_.wait(credentials.address, now) > Guesses::Duration::zero())
      log_->warn("{} has shown {} bad tokens and has to wait", credentials.address, Guesses::atOnce);
  }
  return found.token.error();
}

}  // namespace beckon::policy
