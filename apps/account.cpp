#include "apps/account.hpp"

#include "apps/proxy.hpp"

#include <algorithm>
#include <memory>

namespace beckon::apps {
namespace {

constexpr const char* bareJid = "write it as name@server.example";

std::string hostOf(const xmpp::ClientStreamConfig& account) {
  return account.host.empty() ? account.account.domain() : account.host;
}

xmpp::ClientStreamConfig ofMembership(const fleet::Membership& membership) {
  xmpp::ClientStreamConfig out;
  out.account = xmpp::Jid::parse(membership.account).value();  // as Membership::load has made sure
  out.password = membership.secret;
  out.host = membership.host;
  out.port = membership.port;
  out.caFile = membership.authoritiesFile().string();
  out.memory = std::make_shared<std::vector<xmpp::Route>>();
  return out;
}

}  // namespace

xmpp::ClientStreamConfig readAccount(run::ConfigFile& file) {
  xmpp::ClientStreamConfig account;
  const auto jid = xmpp::Jid::parse(file.text("xmpp.account"));
  if (!jid)
    file.reject("xmpp.account", jid.error().cause, bareJid);
  else if (!jid->isBare() || jid->node().empty())
    file.reject("xmpp.account", "not the address of an account", bareJid);
  else
    account.account = *jid;
  account.password = file.secret("xmpp.password_file");
  account.host = file.textOr("xmpp.host", "");
  account.port = static_cast<unsigned short>(file.integerOr("xmpp.port", 0, 0, 65535));
  account.proxy = readProxy(file, hostOf(account));
  account.memory = std::make_shared<std::vector<xmpp::Route>>();
  account.caFile = file.pathOr("xmpp.ca_file", {}).string();
  account.largestStanza = static_cast<std::size_t>(
      file.integerOr("xmpp.largest_stanza", static_cast<std::int64_t>(account.largestStanza), 10'000, 16'777'216));
  return account;
}

run::Result<xmpp::ClientStreamConfig> accountOf(const fleet::Membership& membership) {
  auto out = ofMembership(membership);
  auto proxy = environmentsProxy(hostOf(out));
  if (!proxy) return proxy.error();
  out.proxy = std::move(*proxy);
  return out;
}

xmpp::ClientStreamConfig readAccount(run::ConfigFile& file, const std::optional<fleet::Membership>& membership) {
  const bool isNamed = !file.textOr("xmpp.account", "").empty();
  if (!membership) return readAccount(file);
  if (isNamed)
    file.reject("xmpp.account", "there is the account " + membership->account + ", too, of fleet " + membership->fleet,
                "leave [xmpp] out, or move " + (membership->folder / fleet::Membership::fileName).string() + " away");
  auto out = ofMembership(*membership);
  out.proxy = readProxy(file, hostOf(out));
  return out;
}

std::vector<xmpp::Jid> readJids(run::ConfigFile& file, std::string_view key) {
  std::vector<xmpp::Jid> out;
  for (const auto& text : file.textsOr(key, {})) {
    const auto jid = xmpp::Jid::parse(text);
    if (jid && std::ranges::find(out, *jid) != out.end()) continue;
    if (jid && jid->isBare() && !jid->node().empty())
      out.push_back(*jid);
    else
      file.reject(key, "\"" + text + "\" is not the address of an account", bareJid);
  }
  return out;
}

}  // namespace beckon::apps
