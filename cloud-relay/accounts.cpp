#include "cloud-relay/accounts.hpp"

#include "core/run/base64url.hpp"
#include "policy/token.hpp"

#include <utility>

namespace beckon::relay {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using xmpp::Element;

namespace {

constexpr std::string_view commandsNs = "http://jabber.org/protocol/commands";
constexpr std::string_view formsNs = "jabber:x:data";
constexpr std::string_view adminNs = "http://jabber.org/protocol/admin";
// The server's own answers, from its own storage.
constexpr std::chrono::milliseconds deadline{10000};

Element field(std::string_view name, std::string_view value) {
  return Element("field").set("var", name).add(Element("value", {}, std::string(value)));
}

// What xmpp::StanzaError makes of <item-not-found/>.
constexpr std::string_view nothingOfThatName = "nothing of that name";

// Servers differ in how they refuse: Prosody completes the command with a note of type error, ejabberd answers with a
// stanza error.
Result<std::string> outcome(const Element& answer) {
  const auto* command = answer.child("command", commandsNs);
  const auto* note = command ? command->child("note", commandsNs) : nullptr;
  if (!command || command->attribute("status") != "completed")
    return Error{Code::callFailed, "the XMPP server did not carry out a command of its administration",
                 "look into its log"};
  if (note && note->attribute("type") == "error")
    return Error{Code::callFailed, "the XMPP server refuses: " + note->text, "look into its log"};
  return note ? note->text : std::string();
}

Error explained(Error error) {
  if (error.code != Code::refused && error.code != Code::unknownRobot) return error;
  return {Code::refused, "the XMPP server does not let this component administer accounts",
          "make the component an administrator and switch the commands on (docs/relay.md): mod_admin_adhoc and admins "
          "in Prosody, mod_configure and access configure in ejabberd"};
}

}  // namespace

awaitable<Result<std::string>> Accounts::command(std::string name, Fields fields) {
  const auto node = std::string(adminNs) + "#" + name;
  auto asking = Element("command", std::string(commandsNs)).set("node", node).set("action", "execute");
  const auto form = co_await component_.set(domain_, std::move(asking), deadline);
  if (!form) co_return explained(form.error());
  const auto* begun = form->child("command", commandsNs);
  Element filled("x", std::string(formsNs));
  filled.set("type", "submit").add(field("FORM_TYPE", adminNs));
  for (const auto& [variable, value] : fields) filled.add(field(variable, value));
  auto submission = Element("command", std::string(commandsNs))
                        .set("node", node)
                        .set("sessionid", begun ? begun->attribute("sessionid") : "")
                        .add(std::move(filled));
  const auto answer = co_await component_.set(domain_, std::move(submission), deadline);
  if (!answer) co_return explained(answer.error());
  co_return outcome(*answer);
}

awaitable<Result<>> Accounts::make(std::string account, std::string secret) {
  Fields fields{{"accountjid", account}, {"password", secret}, {"password-verify", secret}};
  const auto done = co_await command("add-user", std::move(fields));
  if (done) co_return Result<>();
  // Prosody says "Account already exists" in a note; ejabberd answers <conflict/>.
  const auto& cause = done.error().cause;
  if (cause.find("already exists") == std::string::npos && cause.find("conflict") == std::string::npos)
    co_return done.error();
  co_return Error{
      Code::nameTaken, "there is an account " + account + " on the server already",
      "choose another name with --name; or, if an enrolment under this one broke off, remove the account there"};
}

awaitable<Result<>> Accounts::changeSecret(std::string account, std::string secret) {
  Fields fields{{"accountjid", account}, {"password", secret}};
  const auto done = co_await command("change-user-password", std::move(fields));
  if (!done) co_return done.error();
  co_return Result<>();
}

awaitable<Result<>> Accounts::endStreams(std::string account) {
  // XEP-0133 section 4.6 has accountjids, which Prosody asks for; ejabberd asks for accountjid.
  Fields fields{{"accountjid", account}, {"accountjids", account}};
  const auto done = co_await command("end-user-session", std::move(fields));
  // Who is not logged in has none: Prosody notes that it could not, ejabberd answers <item-not-found/>.
  const auto isThere = [](const Error& error) { return error.cause.find(nothingOfThatName) == std::string::npos; };
  if (!done && isThere(done.error())) co_return done.error();
  co_return Result<>();
}

awaitable<Result<>> Accounts::remove(std::string account) {
  // Nobody logs in any more, even if the rest fails.
  auto locking = changeSecret(account, run::base64url(policy::randomSecret()));
  const auto locked = co_await std::move(locking);
  // For other reasons than that it is not there.
  if (!locked && locked.error().code != Code::callFailed && locked.error().code != Code::protocolError)
    co_return locked;
  const bool wasThere = locked.has_value();
  if (wasThere)
    if (const auto ended = co_await endStreams(account); !ended) co_return ended;
  Fields fields{{"accountjids", account}};
  const auto done = co_await command("delete-user", std::move(fields));
  if (!done) co_return done.error();
  if (wasThere && done->find("could not be deleted") != std::string::npos)
    co_return Error{Code::callFailed, "the XMPP server does not delete " + account, "look into its log"};
  co_return Result<>();
}

}  // namespace beckon::relay
