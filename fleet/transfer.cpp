#include "fleet/transfer.hpp"

#include "core/run/base64url.hpp"
#include "fleet/protocol.hpp"

#include <charconv>
#include <utility>

namespace beckon::fleet {
namespace {

using run::Error;
using run::Result;
using xmpp::Element;

// What is signed. The first line keeps it apart from everything else that the key may sign.
std::string signedText(const TransferOrder& order) {
  return "beckon transfer 0\n" + order.account + "\n" + order.code + "\n" + order.name + "\n" +
         std::to_string(order.ends.time_since_epoch().count()) + "\n";
}

Error malformed() {
  return {run::Code::protocolError, "a transfer of " + std::string(ns) + " is malformed",
          "see that both sides are of versions of Beckon that know each other"};
}

}  // namespace

TransferOrder TransferOrder::make(const run::PrivateKey& owner, std::string account, std::string code, std::string name,
                                  WallTime ends) {
  TransferOrder out{std::move(account), std::move(code), std::move(name), ends, {}};
  out.signature = owner.sign(signedText(out));
  return out;
}

Result<> TransferOrder::check(const run::PublicKey& owner, std::string_view receiver, WallTime now) const {
  if (account != receiver || !run::isSignedBy(owner, signedText(*this), signature))
    return Error{run::Code::badStatement,
                 std::string(receiver) + " was ordered to another fleet by somebody who is not the owner of its own",
                 "if you are its owner, the server in between is not to be trusted"};
  if (!policy::isSet(now))
    return Error{run::Code::invalidConfig,
                 "the clock of " + std::string(receiver) + " is not set, so that it cannot tell an old order",
                 "set its clock"};
  if (ends <= now || ends - now > longest)
    return Error{run::Code::tooLate, "the order to " + std::string(receiver) + " is not for now, by its clock",
                 "give it again; if that does not help, set both clocks"};
  return {};
}

Element transferRequest(const TransferOrder& order) {
  return Element(std::string(transferName), std::string(ns))
      .set("code", order.code)
      .set("name", order.name)
      .set("ends", std::to_string(order.ends.time_since_epoch().count()))
      .set("signature", run::base64url(order.signature));
}

Result<TransferOrder> readTransfer(const Element& request, std::string account) {
  TransferOrder out;
  out.account = std::move(account);
  out.code = request.attribute("code");
  out.name = request.attribute("name");
  const auto text = request.attribute("ends");
  std::int64_t ends = 0;
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), ends);
  const auto signature = run::fromBase64url<64>(request.attribute("signature"));
  const bool isTime = !text.empty() && problem == std::errc() && end == text.end() && ends >= 0 && ends < 253402300800;
  if (!request.is(transferName, ns) || !isTime || !signature || !isName(out.name) || out.code.empty())
    return malformed();
  out.ends = WallTime(std::chrono::seconds(ends));
  out.signature = *signature;
  return out;
}

Element transferResult(const Transferred& done) {
  return Element(std::string(transferName), std::string(ns))
      .set("account", done.account)
      .set("fleet", done.fleet)
      .set("owner", done.ownerAccount)
      .set("key", run::base64url(done.key));
}

Result<Transferred> readTransferred(const Element& result) {
  Transferred out;
  out.account = result.attribute("account");
  out.fleet = result.attribute("fleet");
  out.ownerAccount = result.attribute("owner");
  const auto key = run::fromBase64url<32>(result.attribute("key"));
  if (!result.is(transferName, ns) || !key || !isAccount(out.account) || !isAccount(out.ownerAccount) ||
      !isName(out.fleet))
    return malformed();
  out.key = *key;
  return out;
}

}  // namespace beckon::fleet
