// What members ask a relay about bytestreams, and what a relay or the other end may say to them: refused in readable
// words, or the same once written again.
// Input: the XML of one payload.
#include "xmpp/bytestreams.hpp"

#include "core/qi/utf8.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/parse.hpp"

using namespace beckon;
using namespace beckon::xmpp::bytestreams;
using fuzz::check;

namespace {

template <class T>
bool isExplained(const run::Result<T>& result) {
  return result || (result.error().code == run::Code::protocolError && qi::isUtf8(result.error().cause));
}

bool isSame(const Host& one, const Host& other) {
  return one.jid == other.jid && one.host == other.host && one.port == other.port && one.load() == other.load();
}

void checkSession(const Session& session) {
  check(session.sid.size() >= Session::shortestSid && session.sid.size() <= Session::longestSid);
  check(!session.target.isBare() && session.hash().size() == 40);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto payload = beckon::fuzz::parse(fuzz::textOf({data, size}));
  if (!payload) return 0;

  const auto question = readHostQuestion(*payload);
  check(isExplained(question));
  if (question && !question->target.empty()) {
    const Session session{question->sid, {}, question->target};
    checkSession(session);
    const auto again = readHostQuestion(ticketRequest(session));
    check(again && again->sid == session.sid && again->target == session.target);
  }
  const auto active = readActivation(*payload);
  check(isExplained(active));
  if (active) {
    const Session session{active->sid, {}, active->target};
    checkSession(session);
    const auto again = readActivation(activation(session));
    check(again && again->sid == session.sid && again->target == session.target);
  }
  const auto host = readHostAnswer(*payload);
  check(isExplained(host));
  if (host && (host->most > 0 || host->streams == 0)) check(isSame(readHostAnswer(hostAnswer(*host)).value(), *host));
  const auto offered = readOffer(*payload);
  check(isExplained(offered));
  if (offered) {
    check(!offered->hosts.empty() && offered->hosts.size() <= Offer::mostHosts);
    const auto again = readOffer(offer(*offered));
    check(again && again->sid == offered->sid && again->hosts.size() == offered->hosts.size());
  }
  const auto relay = readUsed(*payload);
  check(isExplained(relay));
  if (relay) check(readUsed(used("", *relay)).value() == *relay);
  return 0;
}
