#include "fleet/enrolment.hpp"

#include "core/run/base64url.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>

namespace beckon::fleet {
namespace {

using nlohmann::json;

run::Error misread(const std::string& what) {
  return {run::Code::protocolError, what, "see that both sides are Beckon, and that nothing in between changes bytes"};
}

// An object whose named members are texts; empty if `text` is none.
json readTexts(std::string_view text, std::initializer_list<const char*> names) {
  auto out = json::parse(text, nullptr, false);
  if (!out.is_object()) return {};
  for (const auto* name : names)
    if (const auto found = out.find(name); found == out.end() || !found->is_string()) return {};
  return out;
}

std::string textIn(const json& object, const char* name) { return object.at(name).get<std::string>(); }

bool isUuid(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

template <std::size_t size>
bool readBytes(const json& object, const char* name, std::array<std::uint8_t, size>& into) {
  const auto read = run::fromBase64url<size>(textIn(object, name));
  if (read) into = *read;
  return read.has_value();
}

}  // namespace

EnrolmentRequest EnrolmentRequest::make(const Code& code, const std::string& name, const std::string& id,
                                        const run::PrivateKey& key) {
  EnrolmentRequest out;
  out.ticket = code.ticket();
  out.claim = {code.place().kind, code.place().fleet, name, id, key.publicKey()};
  out.proof = code.proofOf(out.claim);
  out.signature = key.sign(out.claim.text());
  return out;
}

std::string EnrolmentRequest::json() const {
  return nlohmann::json{{"version", version},
                        {"ticket", run::base64url(ticket)},
                        {"fleet", claim.fleet},
                        {"kind", text(claim.kind)},
                        {"name", claim.name},
                        {"id", claim.id},
                        {"key", run::base64url(claim.key)},
                        {"proof", run::base64url(proof)},
                        {"signature", run::base64url(signature)}}
      .dump();
}

run::Result<EnrolmentRequest> EnrolmentRequest::read(std::string_view text) {
  const auto any = nlohmann::json::parse(text, nullptr, false);
  if (any.is_object() && any.contains("version") && any["version"].is_number_integer() && any["version"] != version)
    return run::Error{run::Code::invalidConfig,
                      "enrolment version " + any["version"].dump() + " is not known here: this relay speaks version " +
                          std::to_string(version),
                      any["version"] > version ? "update beckon-relay, or use an older Beckon to enrol"
                                               : "update Beckon on the side that enrols"};
  const auto object = readTexts(text, {"ticket", "fleet", "kind", "name", "id", "key", "proof", "signature"});
  if (object.empty() || object.value("version", nlohmann::json()) != version)
    return misread("the request is not that of an enrolment");
  EnrolmentRequest out;
  const auto kind = kindOf(textIn(object, "kind"));
  out.claim.fleet = textIn(object, "fleet");
  out.claim.name = textIn(object, "name");
  out.claim.id = textIn(object, "id");
  if (!kind || !isName(out.claim.fleet)) return misread("the request is not that of an enrolment");
  out.claim.kind = *kind;
  // With a line's end in it, it could stand for another claim.
  if (!isUuid(out.claim.id)) return misread("the id is not a UUID in small letters");
  if (!isName(out.claim.name))
    return run::Error{run::Code::invalidArgument, "the name cannot be that of an account",
                      "use 1 to 32 small letters, digits and '-'"};
  if (!readBytes(object, "ticket", out.ticket) || !readBytes(object, "key", out.claim.key) ||
      !readBytes(object, "proof", out.proof) || !readBytes(object, "signature", out.signature))
    return misread("a key, hash or signature of the request is not whole");
  if (!run::isSignedBy(out.claim.key, out.claim.text(), out.signature))
    return run::Error{run::Code::badStatement, "the enrolment of " + out.claim.name + " is not signed by its own key",
                      "enrol from where the key is"};
  return out;
}

std::string EnrolmentAnswer::json() const {
  return nlohmann::json{{"version", EnrolmentRequest::version},
                        {"account", account},
                        {"secret", secret},
                        {"host", host},
                        {"port", port},
                        {"authorities", authorities},
                        {"relay", relay},
                        {"ownerAccount", ownerAccount},
                        {"ownerKey", run::base64url(ownerKey)},
                        {"introduction", run::base64url(introduction)}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // authorities may have comments in any encoding
}

run::Result<EnrolmentAnswer> EnrolmentAnswer::read(std::string_view text) {
  const auto object = readTexts(
      text, {"account", "secret", "host", "authorities", "relay", "ownerAccount", "ownerKey", "introduction"});
  if (object.empty()) return misread("the relay's answer is not that to an enrolment");
  EnrolmentAnswer out;
  out.account = textIn(object, "account");
  out.secret = textIn(object, "secret");
  out.host = textIn(object, "host");
  out.authorities = textIn(object, "authorities");
  out.relay = textIn(object, "relay");
  out.ownerAccount = textIn(object, "ownerAccount");
  const auto port = object.find("port");
  if (port == object.end() || !port->is_number_unsigned() || *port > 65535 || out.account.empty() ||
      out.secret.empty() || !readBytes(object, "ownerKey", out.ownerKey) ||
      !readBytes(object, "introduction", out.introduction))
    return misread("the relay's answer is not that to an enrolment");
  out.port = port->get<unsigned short>();
  return out;
}

std::string errorJson(const run::Error& error) {
  return nlohmann::json{
      {"error", {{"code", run::codeText(error.code)}, {"cause", error.cause}, {"nextStep", error.nextStep}}}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

run::Error readError(std::string_view text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  const auto error = object.is_object() && object.contains("error") ? object["error"] : nlohmann::json();
  const auto named = [&](const char* name) {
    return error.is_object() && error.contains(name) && error[name].is_string() ? error[name].get<std::string>()
                                                                                : std::string();
  };
  if (named("code").empty()) return misread("the relay refused, and did not say why in a way that is known here");
  return {run::codeFromText(named("code")), named("cause"), named("nextStep")};
}

}  // namespace beckon::fleet
