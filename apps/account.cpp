#include "apps/account.hpp"

#include <algorithm>

namespace beckon::apps {
namespace {

constexpr const char* bareJid = "write it as name@server.example";

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
  account.caFile = file.pathOr("xmpp.ca_file", {}).string();
  account.largestStanza = static_cast<std::size_t>(
      file.integerOr("xmpp.largest_stanza", static_cast<std::int64_t>(account.largestStanza), 10'000, 16'777'216));
  return account;
}

xmpp::ClientStreamConfig accountOf(const fleet::Membership& membership) {
  xmpp::ClientStreamConfig out;
  out.account = xmpp::Jid::parse(membership.account).value();  // as Membership::load has made sure
  out.password = membership.secret;
  out.host = membership.host;
  out.port = membership.port;
  out.caFile = membership.authoritiesFile().string();
  return out;
}

xmpp::ClientStreamConfig readAccount(run::ConfigFile& file, const std::optional<fleet::Membership>& membership) {
  const bool isNamed = !file.textOr("xmpp.account", "").empty();
  if (!membership) return readAccount(file);
  if (isNamed)
    file.reject("xmpp.account", "there is the account " + membership->account + ", too, of fleet " + membership->fleet,
                "leave [xmpp] out, or move " + (membership->folder / fleet::Membership::fileName).string() + " away");
  return accountOf(*membership);
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
