#include "gateway/lan/record.hpp"

#include "core/qi/error_payload.hpp"

#include <array>
#include <charconv>

namespace beckon::gateway {

using policy::audit::Entry;
using policy::audit::Outcome;
using policy::audit::What;

namespace {

// The number of a call as text, without memory of its own.
class Number {
 public:
  explicit Number(std::uint32_t number)
      : size_(static_cast<std::size_t>(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr -
                                       text_.data())) {}
  operator std::string_view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 10> text_;
  std::size_t size_;
};

// The stable code with which an error of the gateway's own begins. A service's words may hold what was in the
// arguments, and stay out.
std::string_view codeOf(const localbus::Payload& payload) {
  const auto words = qi::decodeErrorText(payload.bytes);
  if (words == "Service removed") return run::codeText(run::Code::serviceGone);
  const auto colon = words.find(':');
  const auto code = colon == words.npos ? run::Code::internal : run::codeFromText(words.substr(0, colon));
  return run::codeText(code == run::Code::internal ? run::Code::callFailed : code);
}

}  // namespace

LanRecord::LanRecord(std::shared_ptr<policy::audit::Trail> trail, std::string who,
                     const std::shared_ptr<localbus::Connection>& connection)
    : trail_(std::move(trail)),
      who_(std::move(who)),
      session_(trail_ ? trail_->newSession() : std::string()),
      connection_(connection) {}

Entry LanRecord::entryOf(const Act& act) const {
  Entry out;
  out.what = act.what;
  out.door = "lan";
  out.who = who_;
  out.session = session_;
  out.service = act.service;
  out.member = act.member;
  out.rule = act.rule;
  if (act.view) out.policy = act.view->policy().version();
  if (act.arguments) out.arguments = *act.arguments;
  out.in = act.bytes;
  return out;
}

// A number that is used again before its answer would else hide the call that had it, whatever the new one is about.
void LanRecord::arrived(const qi::Header& asked) {
  if (open_.empty() || asked.type != qi::MessageType::call) return;
  if (const auto before = open_.extract(asked.id); !before.empty())
    finish(asked.id, before.mapped(), Outcome::unanswered, "number-used-again", std::nullopt);
}

void LanRecord::admitted(const qi::Header& asked, Act act) {
  if (!trail_) return;
  if (asked.type != qi::MessageType::call) return done(act, Outcome::sent);
  open_.insert_or_assign(asked.id, Open{std::move(act), trail_->now()});
}

void LanRecord::refused(const qi::Header& asked, const Act& act, std::string_view why) const {
  if (!trail_) return;
  const Number id(asked.id);
  auto entry = entryOf(act);
  entry.outcome = Outcome::refused;
  entry.why = why;
  entry.id = id;
  trail_->add(entry);
}

void LanRecord::done(const Act& act, Outcome outcome, std::string_view why) const {
  if (!trail_) return;
  auto entry = entryOf(act);
  entry.outcome = outcome;
  entry.why = why;
  trail_->add(entry);
}

void LanRecord::entered(const std::string& from, const policy::View& view) {
  if (!trail_) return;
  Entry entry;
  entry.what = What::enter;
  entry.outcome = Outcome::done;
  entry.door = "lan";
  entry.who = who_;
  entry.session = session_;
  entry.policy = view.policy().version();
  entry.note = from;
  trail_->add(entry);
}

void LanRecord::left(const std::string& reason) {
  if (!trail_) return;
  for (const auto& [id, open] : std::exchange(open_, {})) finish(id, open, Outcome::unanswered, {}, std::nullopt);
  Entry entry;
  entry.what = What::leave;
  entry.door = "lan";
  entry.who = who_;
  entry.session = session_;
  entry.note = reason;
  trail_->add(entry);
}

void LanRecord::finish(std::uint32_t call, const Open& open, Outcome outcome, std::string_view why,
                       std::optional<std::size_t> bytes) const {
  const Number id(call);
  auto entry = entryOf(open.act);
  entry.id = id;
  entry.outcome = outcome;
  entry.why = why;
  entry.took = std::chrono::duration_cast<std::chrono::microseconds>(trail_->now() - open.begun);
  entry.out = bytes;
  trail_->add(entry);
}

void LanRecord::answering(std::uint32_t call, qi::MessageType type, const localbus::Payload& payload) {
  const auto found = open_.find(call);
  if (found == open_.end()) return;
  const auto outcome = type == qi::MessageType::reply      ? Outcome::done
                       : type == qi::MessageType::canceled ? Outcome::canceled
                                                           : Outcome::failed;
  finish(call, found->second, outcome, outcome == Outcome::failed ? codeOf(payload) : std::string_view(),
         payload.size());
  open_.erase(found);
}

bool LanRecord::mayLeave() {
  if (!trail_ || trail_->flush()) return true;
  if (!std::exchange(isHeld_, true))
    trail_->whenWritten([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->isHeld_ = false;
      if (const auto connection = self->connection_.lock()) connection->resume();
    });
  return false;
}

}  // namespace beckon::gateway
