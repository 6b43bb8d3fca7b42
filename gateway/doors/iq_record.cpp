#include "gateway/doors/iq_record.hpp"

namespace beckon::gateway {

using policy::audit::Entry;
using policy::audit::Outcome;
using policy::audit::Trail;
using policy::audit::What;
using run::Code;
using run::Result;
using xmpp::Element;

namespace {

// What became of a request by the code of its answer: whether anything was done.
Outcome outcomeOf(const Result<Element>& outcome, What what) {
  if (outcome) return what == What::post ? Outcome::sent : Outcome::done;
  switch (outcome.error().code) {
    case Code::tooLate:
    case Code::refused:
    case Code::badArguments:
    case Code::malformedJson:
    case Code::overloaded:
    case Code::auditFailed:
      return Outcome::refused;
    case Code::canceled:
      return Outcome::canceled;
    default:
      return Outcome::failed;
  }
}

}  // namespace

Entry IqRecord::entryOf(const Request& request, const std::string& who, const std::string& session) {
  Entry out;
  out.what = request.what;
  out.door = request.door;
  out.who = who;
  out.session = session;
  out.id = request.id;
  out.service = request.service;
  out.member = request.member;
  out.rule = request.rule;
  out.policy = request.version;
  out.in = request.bytes;
  if (request.arguments) out.arguments = *request.arguments;
  return out;
}

void IqRecord::leave(const std::shared_ptr<Trail>& trail, const Answer& answer, const Result<Element>& outcome) {
  trail->whenWritten([answer, outcome] { answer(outcome); });
}

IqRecord::Answer IqRecord::answering(Request request, Answer answer) const {
  if (!trail_) return answer;
  return [trail = trail_, request = std::move(request), answer = std::move(answer)](const Result<Element>& outcome) {
    const auto who = request.from.bare().text(), session = request.from.text();
    auto entry = entryOf(request, who, session);
    entry.outcome = outcomeOf(outcome, request.what);
    if (!outcome) entry.why = run::codeText(outcome.error().code);
    entry.took = std::chrono::duration_cast<std::chrono::microseconds>(trail->now() - request.begun);
    trail->add(entry);
    leave(trail, answer, outcome);
  };
}

IqRecord::Answer IqRecord::refusing(Request request, std::string_view why, Answer answer) const {
  if (!trail_) return answer;
  return [trail = trail_, request = std::move(request), why = std::string(why),
          answer = std::move(answer)](const Result<Element>& outcome) {
    const auto who = request.from.bare().text(), session = request.from.text();
    auto entry = entryOf(request, who, session);
    entry.outcome = Outcome::refused;
    entry.why = why;
    // Of what is only counted nothing has to be written first: anybody may make as many as he likes.
    if (!trail->add(entry)) return answer(outcome);
    leave(trail, answer, outcome);
  };
}

IqRecord::Answer IqRecord::listing(Answer answer) const {
  if (!trail_) return answer;
  return
      [trail = trail_, answer = std::move(answer)](const Result<Element>& outcome) { leave(trail, answer, outcome); };
}

void IqRecord::unwatched(const xmpp::Jid& from, const std::string& service, const std::string& member,
                         std::string_view why) const {
  if (!trail_) return;
  const auto who = from.bare().text(), session = from.text();
  Entry entry;
  entry.what = What::unwatch;
  entry.door = "iq";
  entry.who = who;
  entry.session = session;
  entry.service = service;
  entry.member = member;
  entry.why = why;
  trail_->add(entry);
}

}  // namespace beckon::gateway
