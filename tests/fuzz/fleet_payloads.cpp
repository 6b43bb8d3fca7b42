// What somebody may send in urn:beckon:fleet:0 is refused in readable words, or the same once written again.
// The same of what a robot says of its condition. Input: the XML of one payload.
#include "core/qi/utf8.hpp"
#include "core/run/base64url.hpp"
#include "fleet/admission.hpp"
#include "fleet/condition.hpp"
#include "fleet/transfer.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/parse.hpp"

using namespace beckon;
using fuzz::check;

namespace {

template <class T>
bool isExplained(const run::Result<T>& result) {
  return result || (result.error().code == run::Code::protocolError && qi::isUtf8(result.error().cause));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Somebody's; for no key at all, 32 zeros, signatures of zeros hold now and then.
  static const auto owner = *run::fromBase64url<32>("iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w");
  const auto payload = beckon::fuzz::parse(std::string(fuzz::textOf({data, size})));
  if (!payload) return 0;

  const auto info = fleet::readMembers(*payload);
  check(isExplained(info));
  if (info) {
    const auto written = fleet::membersResult(*info);
    const auto again = fleet::readMembers(written);
    check(again && fleet::membersResult(*again) == written && again->members.size() == info->members.size());
    // A code for that place can be read.
    check(fleet::Code::parse(fleet::Code::make(info->place).text()).has_value());
    for (const auto& member : info->members) {
      check(!fleet::judge(member, info->place.fleet, "relay.example:5443/home/robot/AAECAwQFBgcICQoLDA0ODw"));
      if (member.statement)
        check(!fleet::isToRenew(member, owner, std::chrono::hours(1), fleet::WallTime(std::chrono::hours(500000))));
    }
  }
  const auto code = fleet::readCode(*payload);
  check(isExplained(code));
  if (code) {
    const auto written = fleet::codeRequest(*code);
    const auto again = fleet::readCode(written);
    check(again && fleet::codeRequest(*again) == written && code->lifetime > code->lifetime.zero());
  }
  const auto asked = fleet::readStatementRequest(*payload);
  const auto shown = fleet::readStatement(*payload, "r2@robots.example");
  check(isExplained(asked) && isExplained(shown) && (!asked || shown));
  if (asked) {
    const auto written = fleet::statementRequest(*asked);
    const auto again = fleet::readStatementRequest(written);
    check(again && fleet::statementRequest(*again) == written);
  }
  const auto order = fleet::readTransfer(*payload, "r2@robots.example");
  check(isExplained(order));
  if (order) {
    check(fleet::readTransfer(fleet::transferRequest(*order), "r2@robots.example").value() == *order);
    check(!order->check(owner, "r2@robots.example", fleet::WallTime(std::chrono::hours(500000))));
  }
  const auto moved = fleet::readTransferred(*payload);
  check(isExplained(moved));
  if (moved) check(fleet::readTransferred(fleet::transferResult(*moved)).has_value());
  const auto condition = fleet::Condition::read(*payload);
  xmpp::Element robot{std::string(fleet::robotName), std::string(fleet::robotNs)};
  condition.writeTo(robot);
  check(fleet::Condition::read(robot) == condition && qi::printable(condition.policy) == condition.policy);
  return 0;
}
