#include "gateway/control.hpp"

#include "gateway/error_text.hpp"

#include <algorithm>
#include <utility>

namespace beckon::gateway {

using policy::Lease;
using policy::Leases;
using run::Code;
using run::Error;
using run::Result;

namespace {

// The only one on a connection within the process.
constexpr std::uint32_t serviceNumber = 2;

std::string_view text(Leases::State state) {
  switch (state) {
    case Leases::State::free:
      return "free";
    case Leases::State::held:
      return "held";
    case Leases::State::ending:
      break;
  }
  return "ending";
}

}  // namespace

Control::Control(boost::asio::io_context& io, policy::Authority& authority, run::Log log)
    : io_(io), authority_(authority), log_(std::move(log)), timer_(io.get_executor()) {}

void Control::start() {
  listen();
  listening_ = authority_.onChange([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    if (self->watchdog_) self->watchdog_->define(self->authority_.current().leases());
    self->wait();
  });
}

void Control::stop() {
  listening_.reset();
  // What is held now would be stopped by the watchdog later, when it lapses.
  watched(Error{Code::unreachable, "the gateway has stopped", {}});
  timer_.cancel();
  authority_.leases().listen({});
  watchdog_ = nullptr;
}

void Control::listen() {
  Leases::Listener to;
  const auto held = [this](const Lease& lease) {
    if (watchdog_) watchdog_->held(lease);
  };
  to.taken = [this, held](const Lease& lease, const Leases::Owner& who) {
    log_->info("{} has the control lease \"{}\"", who.caller.principal, lease.name);
    held(lease);
    changed(lease, who.caller.principal);
    turned();
  };
  to.kept = held;
  to.ended = [this](const Lease& lease, const Leases::Owner& who, Leases::End why) { ended(lease, who, why); };
  to.freed = [this](const Lease& lease) {
    log_->info("the control lease \"{}\" is free", lease.name);
    turned();
  };
  to.asked = [this](const Lease& lease, const Leases::Owner& holder, const Leases::Owner& who) {
    const auto seat = seats_.find(holder.session);
    const auto at = seat == seats_.end() ? nullptr : seat->second.lock();
    if (at) (*at->asked_)(lease.name, who.caller.principal);
  };
  authority_.leases().listen(std::move(to));
}

void Control::use(Watchdog* watchdog) {
  watchdog_ = watchdog;
  if (watchdog_) watchdog_->define(authority_.current().leases());
}

void Control::watched(std::optional<Error> whyNot) {
  authority_.leases().watched(std::move(whyNot), authority_.now());
  wait();
}

void Control::stopped(const std::string& lease) {
  authority_.leases().stopped(lease, authority_.now());
  wait();
  turned();  // another lease may have waited for it
}

void Control::intervened(const std::string& lease) {
  authority_.leases().intervened(lease);
  wait();
}

void Control::ended(const Lease& lease, const Leases::Owner& who, Leases::End why) {
  log_->log(why == Leases::End::givenBack || why == Leases::End::handedOver ? spdlog::level::info : spdlog::level::warn,
            "{} no longer has the control lease \"{}\": {}", who.caller.principal, lease.name, policy::text(why));
  if (watchdog_ && why != Leases::End::handedOver) watchdog_->stop(lease);
  for (const auto& lost : *lost_) lost(lease, who);
  if (why != Leases::End::handedOver) changed(lease, {});
}

// To whoever may take it.
void Control::changed(const Lease& lease, const std::string& holder) {
  for (const auto& [session, weak] : seats_) {
    const auto seat = weak.lock();
    if (seat && authority_.view(seat->owner_.caller)->mayTake(lease.name)) (*seat->changed_)(lease.name, holder);
  }
}

void Control::wait() {
  const auto next = authority_.leases().next();
  if (!next) return void(timer_.cancel());
  timer_.expires_at(*next);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    const auto self = weak.lock();
    if (!self || cancelled) return;
    self->authority_.leases().expire(self->authority_.now());
    self->wait();
  });
}

std::shared_ptr<void> Control::onLost(Lost handler) {
  const auto place = lost_->insert(lost_->end(), std::move(handler));
  return {nullptr, [all = lost_, place](void*) { all->erase(place); }};
}

std::optional<bool> Control::isTaken() const {
  const auto& leases = authority_.current().leases();
  if (leases.empty()) return {};
  return std::ranges::any_of(leases, [this](const Lease& lease) {
    const auto now = authority_.leases().standing(lease.name, authority_.now());
    return now && now->state != Leases::State::free;
  });
}

std::shared_ptr<void> Control::onTurn(Turned handler) {
  const auto place = turned_->insert(turned_->end(), std::move(handler));
  return {nullptr, [all = turned_, place](void*) { all->erase(place); }};
}

void Control::turned() const {
  for (const auto& handler : *turned_) handler();
}

std::shared_ptr<Control::Seat> Control::enter(policy::Caller caller, std::string session) {
  std::erase_if(seats_, [](const auto& entry) { return entry.second.expired(); });
  Leases::Owner owner{std::move(caller), std::move(session)};
  const auto seat = std::make_shared<Seat>(shared_from_this(), std::move(owner));
  seats_[seat->session()] = seat;
  return seat;
}

Control::Seat::Seat(std::shared_ptr<Control> control, Leases::Owner owner)
    : control_(std::move(control)), owner_(std::move(owner)) {
  localbus::ObjectBuilder builder;
  builder.method(
      "leases", [this] { return leases(); },
      "Name, what it covers, \"free\", \"held\" or \"ending\", who has it, milliseconds that are left to him, and from "
      "one keep to the next.");
  method(builder, "take", &Leases::take, "Exclusive control, until the last keep lapses.");
  method(builder, "keep", &Leases::keep, "The heartbeat of who has it.");
  method(builder, "share", &Leases::share, "Lets your other sessions act under it.");
  method(builder, "give", &Leases::give, "To a principal who asks for it; with an empty text back.");
  method(builder, "ask", &Leases::ask, "Tells the holder; to be repeated like keep until it is there.");
  asked_ = builder.signal<std::string, std::string>("asked");
  changed_ = builder.signal<std::string, std::string>("changed");
  const auto object = builder.build();
  host_.add(serviceNumber, qi::mainObject, object);
  std::tie(near_, far_) = localbus::Connection::pair(control_->io_.get_executor(), &nobody_, &host_, control_->log_);
  object_ = std::make_shared<localbus::RemoteObject>(near_, serviceNumber, qi::mainObject,
                                                     std::string(policy::controlService),
                                                     std::make_shared<const qi::MetaObject>(object->metaObject()));
}

Control::Seat::~Seat() {
  const Error gone{Code::connectionLost, "the session has ended", {}};
  near_->setReceiver(nullptr);
  far_->setReceiver(nullptr);
  near_->close(gone);
  far_->close(gone);
  control_->authority_.leases().leave(owner_.session, control_->authority_.now());
  control_->wait();
}

bool Control::Seat::isIdle() const {
  return object_.use_count() == 1 && !control_->authority_.leases().concerns(owner_.session);
}

std::vector<Control::Seat::Line> Control::Seat::leases() const {
  std::vector<Line> out;
  for (const auto* lease : control_->authority_.view(owner_.caller)->takable()) {
    const auto now = control_->authority_.leases().standing(lease->name, control_->authority_.now());
    if (!now) continue;
    std::vector<std::string> on;
    for (const auto& pattern : lease->on) on.push_back(pattern.written());
    out.emplace_back(lease->name, std::move(on), text(now->state), now->holder, now->left.count(),
                     lease->heartbeat.count());
  }
  return out;
}

Result<> Control::Seat::may(const std::string& lease) const {
  if (control_->authority_.view(owner_.caller)->mayTake(lease)) return {};
  return Error{Code::unknownMember, "there is no control lease \"" + lease + "\"",
               "Control.leases lists those there are"};
}

Result<> Control::Seat::told(Result<> result) const {
  control_->wait();
  if (result) return result;
  return asText(result.error());
}

template <class... Args>
void Control::Seat::method(localbus::ObjectBuilder& builder, const char* name,
                           Result<> (Leases::*act)(const Leases::Owner&, std::string_view, Args...),
                           const char* description) {
  const auto run = [this, act](const std::string& lease, const auto&... more) -> Result<> {
    if (const auto granted = may(lease); !granted) return told(granted);
    auto& leases = control_->authority_.leases();
    return told((leases.*act)(owner_, lease, more..., control_->authority_.now()));
  };
  if constexpr (sizeof...(Args) == 1)
    builder.method(
        name, [run](const std::string& lease) { return run(lease); }, description);
  else
    builder.method(
        name, [run](const std::string& lease, const std::string& to) { return run(lease, std::string_view(to)); },
        description);
}

}  // namespace beckon::gateway
