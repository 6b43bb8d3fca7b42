#include "cloud-relay/accounts.hpp"

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

// Servers differ in how they refuse: Prosody completes the command with a note of type error, ejabberd answers with a
// stanza error.
Result<> outcome(const Element& answer) {
  const auto* command = answer.child("command", commandsNs);
  const auto* note = command ? command->child("note", commandsNs) : nullptr;
  if (!command || command->attribute("status") != "completed")
    return Error{Code::callFailed, "the XMPP server did not carry out a command of its administration",
                 "look into its log"};
  if (!note || note->attribute("type") != "error") return {};
  return Error{Code::callFailed, "the XMPP server refuses: " + note->text, "look into its log"};
}

Error explained(Error error) {
  if (error.code != Code::refused && error.code != Code::unknownRobot) return error;
  return {Code::refused, "the XMPP server does not let this component administer accounts",
          "make the component an administrator and switch the commands on (docs/relay.md): mod_admin_adhoc and admins "
          "in Prosody, mod_configure and access configure in ejabberd"};
}

}  // namespace

awaitable<Result<>> Accounts::command(std::string name, Fields fields) {
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
  auto done = co_await command("add-user", std::move(fields));
  // Prosody says "Account already exists" in a note; ejabberd answers <conflict/>.
  if (!done && (done.error().cause.find("already exists") != std::string::npos ||
                done.error().cause.find("conflict") != std::string::npos))
    co_return Error{Code::nameTaken, "there is an account " + account + " on the server already",
                    "choose another name"};
  co_return done;
}

awaitable<Result<>> Accounts::changeSecret(std::string account, std::string secret) {
  Fields fields{{"accountjid", account}, {"password", secret}};
  co_return co_await command("change-user-password", std::move(fields));
}

awaitable<Result<>> Accounts::remove(std::string account) {
  Fields fields{{"accountjids", account}};
  co_return co_await command("delete-user", std::move(fields));
}

}  // namespace beckon::relay
