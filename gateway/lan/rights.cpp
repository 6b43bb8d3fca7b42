#include "gateway/lan/rights.hpp"

#include "core/qi/json.hpp"
#include "core/qi/value_coder.hpp"
#include "gateway/error_text.hpp"
#include "gateway/safety.hpp"
#include "gateway/visible_bus.hpp"

#include <algorithm>

namespace beckon::gateway {

using localbus::BoundObject;
using localbus::Duration;
using localbus::ForwardedObject;
using localbus::Guard;
using localbus::RemoteObject;
using policy::Refusal;
using policy::Verb;
using policy::audit::What;
using run::Code;
using run::Error;
using run::Result;

namespace {

Verb verbOf(Guard::Use use) {
  switch (use) {
    case Guard::Use::call:
      return Verb::call;
    case Guard::Use::post:
      return Verb::post;
    case Guard::Use::get:
      return Verb::get;
    case Guard::Use::set:
      return Verb::set;
    case Guard::Use::watch:
      break;
  }
  return Verb::watch;
}

// The arguments as the record has them: "[1,2]", or for a property its value. Of what cannot be read nothing: it is not
// carried out either.
std::string argumentsOf(const qi::MetaObject& meta, Guard::Use use, std::uint32_t member, const qi::Header& asked,
                        qi::ByteView bytes) {
  std::string_view type = "m";
  if (use != Guard::Use::set && !(asked.flags & qi::flags::dynamicPayload)) {
    if (const auto method = meta.methods.find(member); method != meta.methods.end())
      type = method->second.parametersSignature;
    else if (const auto signal = meta.signals.find(member); signal != meta.signals.end())
      type = signal->second.signature;
  }
  const auto signature = qi::Signature::parse(type);
  const auto value = signature ? qi::decodeValue(bytes, *signature) : Result<qi::Value>(signature.error());
  return value ? qi::toJsonText(*value) : std::string();
}

}  // namespace

// The bus, for somebody outside.
class Rights::Outward final : public Guard, public std::enable_shared_from_this<Outward> {
 public:
  Outward(std::shared_ptr<Rights> rights, std::string service, const qi::MetaObject& whole, bool isGiven)
      : rights_(std::move(rights)), service_(std::move(service)), whole_(whole), isGiven_(isGiven) {
    look();
  }
  void look() { visible_ = rights_->visible(service_, whole_, isGiven_); }

  const qi::MetaObject& visible() const override { return visible_; }

  Result<Duration> admit(Use use, std::uint32_t member, const qi::Header& asked, qi::ByteView arguments) override {
    auto& record = rights_->record();
    const policy::Act act{verbOf(use), service_, nameOf(whole_, member), arguments.size(), false, rights_->session()};
    auto& view = rights_->view();
    if (!record.takesMore() && !isForSafety(view.policy(), service_, act.member))
      return asText(policy::audit::Trail::failure());
    const auto decision = view.decide(act);
    if (record.isKept()) {
      auto entry = actOf(use, act.member, decision.ruleName());
      entry.bytes = arguments.size();
      if (decision && decision.rule->limits.logsArguments && use != Use::get && use != Use::watch)
        entry.arguments = argumentsOf(whole_, use, member, asked, arguments);
      if (decision)
        record.admitted(asked, std::move(entry));
      else
        record.refused(asked, entry, policy::text(decision.refusal));
    }
    if (decision) {
      const auto& deadline = decision.rule->limits.deadline;
      return deadline ? Duration(*deadline) : Duration::max();
    }
    // Anybody can make these lines: they are for who looks for them.
    if (rights_->log()->should_log(spdlog::level::debug))
      rights_->log()->debug("refused: {}", view.explain(act, decision));
    if (!decision.isVisible || decision.refusal == Refusal::notGranted || decision.refusal == Refusal::door)
      return Error{Code::unknownMember, "there is no such member", {}};
    return asText(policy::toError(act, decision));
  }
  void missed(Use use, std::uint32_t member, std::string_view name, const qi::Header& asked) override {
    auto& record = rights_->record();
    if (!record.isKept()) return;
    const auto known = name.empty() ? nameOf(whole_, member) : name;
    const auto number = "#" + std::to_string(member);
    record.refused(asked, actOf(use, known.empty() ? std::string_view(number) : known, {}), "not-visible");
  }
  void unwatched(std::uint32_t signal, bool byReview) override {
    auto entry = actOf(Use::watch, nameOf(whole_, signal), {});
    entry.what = What::unwatch;
    rights_->record().done(entry, policy::audit::Outcome::none, byReview ? "policy" : "");
  }
  bool mayEnd(std::uint32_t method) const override {
    const auto& leases = rights_->view().policy().leases();
    return std::ranges::any_of(leases, [&](const policy::Lease& lease) { return isUnder(lease, method); });
  }
  bool isUnder(const policy::Lease& lease, std::uint32_t method) const {
    return lease.covers(service_, nameOf(whole_, method));
  }
  bool mayWatch(std::uint32_t signal) const override {
    return rights_->view().granted(service_, nameOf(visible_, signal)).has(Verb::watch);
  }
  std::shared_ptr<BoundObject> given(std::shared_ptr<RemoteObject> object) override;
  std::shared_ptr<BoundObject> taken(std::shared_ptr<RemoteObject> object) override {
    return rights_->inward(std::move(object), service_);
  }

 private:
  LanRecord::Act actOf(Use use, std::string_view member, std::string_view rule) {
    return {policy::audit::whatOf(verbOf(use)),
            service_,
            member,
            rule,
            rights_->sharedView(),
            shared_from_this(),
            0,
            std::nullopt};
  }

  std::shared_ptr<Rights> rights_;
  std::string service_;
  qi::MetaObject whole_, visible_;
  bool isGiven_;
};

// Somebody outside, for the bus: it decides about nothing but what goes back outside.
class Rights::Inward final : public Guard {
 public:
  Inward(std::shared_ptr<Rights> rights, std::string service, std::shared_ptr<RemoteObject> target)
      : rights_(std::move(rights)), service_(std::move(service)), target_(std::move(target)) {}

  const qi::MetaObject& visible() const override { return target_->metaObject(); }
  Result<Duration> admit(Use, std::uint32_t, const qi::Header&, qi::ByteView) override { return Duration::max(); }
  bool mayWatch(std::uint32_t) const override { return true; }
  std::shared_ptr<BoundObject> given(std::shared_ptr<RemoteObject> object) override {
    return rights_->inward(std::move(object), service_);
  }
  std::shared_ptr<BoundObject> taken(std::shared_ptr<RemoteObject> object) override;

 private:
  std::shared_ptr<Rights> rights_;
  std::string service_;
  std::shared_ptr<RemoteObject> target_;
};

// Whoever gives an object gives it as a member of his service.
std::shared_ptr<BoundObject> Rights::Outward::given(std::shared_ptr<RemoteObject> object) {
  return rights_->outward(std::move(object), service_, true);
}
std::shared_ptr<BoundObject> Rights::Inward::taken(std::shared_ptr<RemoteObject> object) {
  return rights_->outward(std::move(object), service_, true);
}

std::shared_ptr<ForwardedObject> Rights::outward(std::shared_ptr<RemoteObject> object, const std::string& service,
                                                 bool isGiven) {
  const auto guard = std::make_shared<Outward>(shared_from_this(), service, object->metaObject(), isGiven);
  auto made = std::make_shared<ForwardedObject>(std::move(object), guard);
  if (made_.size() >= sweepAt_) {
    std::erase_if(made_, [](const Made& each) { return each.object.expired(); });
    sweepAt_ = std::max(leastSwept, made_.size() * 2);
  }
  made_.push_back({guard, made});
  return made;
}

std::shared_ptr<ForwardedObject> Rights::inward(std::shared_ptr<RemoteObject> object, const std::string& service) {
  const auto guard = std::make_shared<Inward>(shared_from_this(), service, object);
  return std::make_shared<ForwardedObject>(std::move(object), guard);
}

void Rights::replace(std::shared_ptr<policy::View> view) {
  view_ = std::move(view);
  const auto made = made_;
  for (const auto& each : made) {
    const auto guard = each.guard.lock();
    const auto object = each.object.lock();
    if (!guard || !object) continue;
    guard->look();
    object->reconsider();
  }
}

void Rights::lost(const policy::Lease& lease) {
  const auto why = std::string(run::codeText(Code::leaseNeeded)) + ": the control lease \"" + lease.name +
                   "\" ended while the call was under way; take it again";
  const auto made = made_;
  for (const auto& each : made) {
    const auto guard = each.guard.lock();
    const auto object = each.object.lock();
    if (guard && object) object->end([&](std::uint32_t method) { return guard->isUnder(lease, method); }, why);
  }
}

qi::MetaObject Rights::visible(const std::string& service, const qi::MetaObject& whole, bool isGiven) const {
  qi::MetaObject out;
  out.description = whole.description;
  for (const auto& [id, method] : whole.methods)
    if (id < qi::firstUserAction ? policy::isNeededByClients(id) || (isGiven && id == qi::action::terminate)
                                 : view_->isVisible(service, method.name, policy::Kind::method))
      out.methods.emplace(id, method);
  for (const auto& [id, signal] : whole.signals)
    if (id >= qi::firstUserAction && view_->isVisible(service, signal.name, policy::Kind::signal))
      out.signals.emplace(id, signal);
  for (const auto& [id, property] : whole.properties)
    if (id >= qi::firstUserAction && view_->isVisible(service, property.name, policy::Kind::property))
      out.properties.emplace(id, property);
  return out;
}

bool Rights::isVisible(const std::string& service, const qi::MetaObject& whole) const {
  const auto visibility = view_->visibility(service);
  if (visibility != policy::Visibility::ifAMemberIs) return visibility == policy::Visibility::yes;
  const auto isSeen = [&](const auto& members, policy::Kind kind) {
    return std::ranges::any_of(members, [&](const auto& entry) {
      return entry.first >= qi::firstUserAction && view_->isVisible(service, entry.second.name, kind);
    });
  };
  return isSeen(whole.methods, policy::Kind::method) || isSeen(whole.signals, policy::Kind::signal) ||
         isSeen(whole.properties, policy::Kind::property);
}

}  // namespace beckon::gateway
