// What a principal or a robot may send in urn:beckon:rpc:0: refused in readable words, or the same once written again.
// Input: the XML of one payload.
#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/parse.hpp"
#include "xmpp/rpc.hpp"

#include <memory>

using namespace beckon::xmpp;
using beckon::fuzz::check;
using beckon::fuzz::parse;

namespace {

template <class T>
bool explained(const beckon::run::Result<T>& result) {
  return result || (beckon::qi::isUtf8(result.error().cause) && !result.error().cause.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto payload = parse(std::string(beckon::fuzz::textOf({data, size})));
  if (!payload) return 0;

  check(explained(rpc::readServices(*payload)));
  check(explained(rpc::readInfo(*payload)));
  check(explained(rpc::readValue(*payload)));
  check(explained(rpc::readService(*payload)));
  check(explained(rpc::readUnsubscribe(*payload)));
  const auto clock = rpc::readClock(*payload);
  check(explained(clock));
  if (clock) check(*rpc::readClock(rpc::clockResult(*clock)) == *clock);

  const auto call = rpc::readCall(*payload);
  check(explained(call));
  if (call) {
    check(call->time > call->time.zero() && call->time <= rpc::longestTime);
    const auto again = rpc::readCall(rpc::callRequest(*call));
    check(again && again->service == call->service && again->arguments == call->arguments);
  }
  const auto once = rpc::Once::read(*payload);
  check(explained(once));
  if (once) {
    check(once->id.size() <= rpc::longestId);
    Element request("call");
    once->write(request);
    const auto again = rpc::Once::read(request);
    check(again && again->id == once->id && again->expires == once->expires && again->answered == once->answered);
  }
  const auto subscription = rpc::readSubscribe(*payload);
  check(explained(subscription));
  if (subscription) check(rpc::readSubscribe(rpc::subscribeRequest(*subscription))->id == subscription->id);
  const auto subscribed = rpc::readSubscribed(*payload);
  check(explained(subscribed));
  if (subscribed) check(rpc::readSubscribed(rpc::subscribeResult("x", *subscribed))->seq == subscribed->seq);
  const auto event = rpc::readEvent(*payload);
  check(explained(event));
  if (event) {
    const auto again = rpc::readEvent(*rpc::eventMessage("a@x/y", *event).child(rpc::event, rpc::ns));
    check(again && again->seq == event->seq && again->kind == event->kind &&
          beckon::qi::toJsonText(again->arguments) == beckon::qi::toJsonText(event->arguments));
  }
  return 0;
}
