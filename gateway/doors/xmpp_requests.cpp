#include "gateway/doors/xmpp_requests.hpp"

#include "core/qi/argument_texts.hpp"
#include "core/qi/json.hpp"
#include "core/qi/utf8.hpp"
#include "gateway/safety.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

namespace beckon::gateway {

using boost::asio::awaitable;
using policy::Verb;
using policy::audit::What;
using run::Code;
using run::Error;

namespace {

awaitable<XmppRequests::Outcome> call(std::shared_ptr<VisibleBus> bus, XmppRequests::Grant grant, std::string service,
                                      std::string method, std::vector<std::string> texts) {
  const auto object = co_await bus->service(grant.caller, service);
  if (!object) co_return object.error();
  if (grant.isOver()) co_return XmppRequests::overByNow;
  const auto given = texts.size();
  localbus::RemoteObject::Fit fit = [texts = std::move(texts)](const qi::Signature& parameters) {
    return qi::argumentsFromTexts(texts, parameters);
  };
  auto calling = (*object)->call(std::move(method), given, std::move(fit), grant.longest);
  const auto value = co_await std::move(calling);
  if (!value) co_return value.error();
  co_return xmpp::rpc::valueResult(xmpp::rpc::call, *value);
}

}  // namespace

const Error XmppRequests::overByNow{Code::leaseNeeded, "the control lease has ended", {}};

XmppRequests::XmppRequests(boost::asio::io_context& io, policy::Authority& authority, run::Log log)
    : io_(io), authority_(authority), log_(std::move(log)) {
  listening_ = authority.onChange([this] { bus_->forget(); });
}

XmppRequests::~XmppRequests() { close(); }

void XmppRequests::close() {
  listening_.reset();
  losing_.reset();
  if (seats_) seats_->clear();
}

void XmppRequests::offer(std::shared_ptr<Control> control) {
  losing_ = control->onLost([this](const policy::Lease& lease, const auto& who) {
    underLeases_.lost(lease, who);
    bus_->takeBack(lease);
  });
  seats_.emplace(std::move(control));
  // The bus is a part of this.
  bus_->offerControl(
      [this](const VisibleBus::Caller& caller) { return seats_->of(caller.view->caller(), caller.session); });
}

std::shared_ptr<policy::View> XmppRequests::viewOf(const xmpp::Jid& from) {
  return authority_.view({from.bare().text(), {}, policy::Door::iq});
}

bool XmppRequests::admits(const xmpp::Jid& from, std::string_view door, const std::function<void()>& asStranger) {
  if (!viewOf(from)->isEmpty()) return true;
  log_->debug("refused {}: no rule is for it", from.text());  // anybody can make these lines
  const IqRecord::Request entry{.from = from, .door = door, .what = What::list};
  record_.refusing(entry, "no-rule", [asStranger](const Outcome&) { asStranger(); })(Error{});
  return false;
}

void XmppRequests::ask(Request request, const Answer& answer) {
  ask(std::move(request), answer, [this](Request granted, Grant grant, Answer done) {
    perform(std::move(granted), std::move(grant), std::move(done));
  });
}

void XmppRequests::ask(Request request, const Answer& answer, const Granted& granted) {
  const auto view = viewOf(request.from);
  const auto session = request.from.text();
  Grant grant{{view, {}, session}};
  // What it ends (a watch) is in the record before it is answered.
  if (request.verb == Verb::list) return perform(std::move(request), std::move(grant), record_.listing(answer));
  if (!record_.takesMore() && !isForSafety(view->policy(), request.service, request.member))
    return answer(policy::audit::Trail::failure());
  const policy::Act act{request.verb,     request.service, request.member, request.arguments.size(),
                        request.isRepeat, session};
  const auto decision = view->decide(act);
  auto entry = entryOf(request);
  entry.rule = decision.ruleName();
  entry.version = view->policy().version();
  if (!decision) {
    log_->debug("refused: {}", qi::printable(view->explain(act, decision), 300));
    const auto refused = record_.refusing(std::move(entry), policy::text(decision.refusal), answer);
    if (decision.isVisible) return refused(policy::toError(act, decision));
    return answerAsAbsent(refused, std::move(request), std::move(grant));
  }
  grant.longest = decision.rule->limits.deadline.value_or(grant.longest);
  if (decision.lease) grant.leased = std::make_shared<Leased>(view->caller().principal, session, decision.lease->name);
  if (decision.rule->limits.logsArguments && request.changes) entry.arguments = request.arguments;
  granted(std::move(request), std::move(grant), record_.answering(std::move(entry), answer));
}

IqRecord::Request XmppRequests::entryOf(const Request& request) {
  return {.from = request.from,
          .door = request.door,
          .id = request.id,
          .what = policy::audit::whatOf(request.verb),
          .service = request.service,
          .member = request.member,
          .bytes = request.arguments.size()};
}

// As what is not there, and the same for each verb: nothing is done, since the member cannot be found.
void XmppRequests::answerAsAbsent(const Answer& refused, Request request, Grant grant) {
  grant.caller.without = request.member.substr(0, request.member.find("::"));
  perform(std::move(request), std::move(grant), [refused](const Outcome& outcome) {
    refused(outcome ? Error{Code::internal, "a member that was refused was found", {}} : outcome.error());
  });
}

void XmppRequests::perform(Request request, Grant grant, Answer answer) {
  const auto place = request.member.empty() ? request.service : request.service + "." + request.member;
  log_->log(request.verb == Verb::list ? spdlog::level::debug : spdlog::level::info, "{} {} for {}",
            policy::text(request.verb), qi::printable(place, 200), request.from.text());
  if (grant.leased) {
    grant.leased->begin(std::move(answer));
    answer = [leased = grant.leased](const Outcome& outcome) { leased->finish(outcome); };
    underLeases_.add(grant.leased);
  }
  const auto leased = grant.leased;
  const auto run = [self = shared_from_this(), work = std::move(request.work), grant = std::move(grant),
                    answer = std::move(answer)]() -> awaitable<void> {
    const auto outcome = co_await work(grant);
    answer(outcome);
  };
  if (!leased) return boost::asio::co_spawn(io_, run, boost::asio::detached);
  boost::asio::co_spawn(io_, run, boost::asio::bind_cancellation_slot(leased->slot(), boost::asio::detached));
}

XmppRequests::Work XmppRequests::calling(std::string service, std::string method, std::vector<std::string> texts) {
  return [bus = bus_, service = std::move(service), method = std::move(method),
          texts = std::move(texts)](const Grant& grant) { return call(bus, grant, service, method, texts); };
}

std::string XmppRequests::recorded(const std::vector<std::string>& texts) {
  return qi::Json(texts).dump(-1, ' ', false, qi::Json::error_handler_t::replace);
}

}  // namespace beckon::gateway
