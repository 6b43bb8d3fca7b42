#include "core/run/error.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace beckon::run {
namespace {

constexpr std::array<std::pair<Code, std::string_view>, 29> texts{{
    {Code::invalidArgument, "invalid-argument"},
    {Code::malformedJson, "malformed-json"},
    {Code::badArguments, "bad-arguments"},
    {Code::invalidConfig, "invalid-config"},
    {Code::unknownService, "unknown-service"},
    {Code::unknownMember, "unknown-member"},
    {Code::unknownRobot, "unknown-robot"},
    {Code::nameTaken, "name-taken"},
    {Code::notOwner, "not-owner"},
    {Code::unreachable, "unreachable"},
    {Code::notAuthenticated, "not-authenticated"},
    {Code::badCertificate, "bad-certificate"},
    {Code::refused, "refused"},
    {Code::timedOut, "timed-out"},
    {Code::connectionLost, "connection-lost"},
    {Code::tooLate, "too-late"},
    {Code::serviceGone, "service-gone"},
    {Code::callFailed, "call-failed"},
    {Code::canceled, "canceled"},
    {Code::protocolError, "protocol-error"},
    {Code::notNow, "not-now"},
    {Code::leaseNeeded, "lease-needed"},
    {Code::leaseHeld, "lease-held"},
    {Code::tooLarge, "too-large"},
    {Code::overloaded, "overloaded"},
    {Code::badCode, "bad-code"},
    {Code::badStatement, "bad-statement"},
    {Code::auditFailed, "audit-failed"},
    {Code::internal, "internal"},
}};

}  // namespace

std::string_view codeText(Code code) {
  for (const auto& [known, text] : texts)
    if (known == code) return text;
  return "internal";
}

Code codeFromText(std::string_view text) {
  for (const auto& [code, known] : texts)
    if (known == text) return code;
  return Code::internal;
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::runtime_error(std::string(codeText(error.code)) + ": " + error.cause + " (" + where.to_string() + ")");
}

}  // namespace beckon::run
