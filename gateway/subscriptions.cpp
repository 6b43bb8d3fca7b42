#include "gateway/subscriptions.hpp"

namespace beckon::gateway {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::rpc::Event;
using xmpp::rpc::Subscribed;

Subscriptions::Subscriptions(boost::asio::io_context& io, std::shared_ptr<VisibleBus> bus, Send send, Check check,
                             run::Log log, Options options)
    : bus_(std::move(bus)),
      send_(std::move(send)),
      check_(std::move(check)),
      log_(std::move(log)),
      options_(options),
      timer_(io) {}

std::size_t Subscriptions::countOf(const std::string& account) const {
  const auto first = all_.lower_bound({account, {}});
  std::size_t count = 0;
  for (auto each = first; each != all_.end() && each->first.first == account; ++each) ++count;
  return count;
}

bool Subscriptions::has(const xmpp::Jid& from, const xmpp::rpc::Subscription& wanted) const {
  const auto known = all_.find({from.bare().text(), wanted.id});
  return known != all_.end() && known->second->what.service == wanted.service &&
         known->second->what.member == wanted.member;
}

awaitable<Result<Subscribed>> Subscriptions::subscribe(VisibleBus::Caller caller, xmpp::Jid from,
                                                       xmpp::rpc::Subscription wanted) {
  const auto self = shared_from_this();
  const Key key{from.bare().text(), wanted.id};
  if (has(from, wanted)) {
    auto& watch = *all_.at(key);
    watch.to = from;
    watch.renewed = steady_clock::now();
    co_return Subscribed{watch.seq, false, !watch.onBus->isThere()};
  }
  all_.erase(key);
  const auto watch = std::make_shared<Watch>();
  watch->what = std::move(wanted);
  watch->to = std::move(from);
  watch->renewed = steady_clock::now();
  if (const auto attached = co_await attach(std::move(caller), watch); !attached) co_return attached.error();
  // The policy may have changed meanwhile.
  if (auto refused = check_(watch->to, watch->what)) co_return std::move(*refused);
  if (countOf(key.first) >= mostOfAnAccount)
    co_return Error{Code::overloaded,
                    key.first + " has " + std::to_string(mostOfAnAccount) + " subscriptions, which is the limit",
                    "end some of them; those of a program that died end by themselves after " +
                        std::to_string(options_.lease.count() / 1000) + " s"};
  const bool wasEmpty = all_.empty();
  // A repeat that was quicker has made the same one.
  const auto [kept, isNew] = all_.try_emplace(key, watch);
  if (wasEmpty) lookAround();
  co_return Subscribed{kept->second->seq, isNew, !kept->second->onBus->isThere()};
}

void Subscriptions::unsubscribe(const xmpp::Jid& from, const std::string& id) {
  const auto found = all_.extract({from.bare().text(), id});
  if (!found.empty()) ended(*found.mapped(), {});
}

awaitable<Result<>> Subscriptions::attach(VisibleBus::Caller caller, std::shared_ptr<Watch> watch) {
  const auto self = shared_from_this();
  const auto emitTo = [weakSelf = weak_from_this(), weakWatch = std::weak_ptr(watch)](Event::Kind kind,
                                                                                      const qi::Value& arguments) {
    const auto all = weakSelf.lock();
    const auto to = weakWatch.lock();
    if (all && to) all->emit(*to, kind, arguments);
  };
  directory::Watch::Handlers handlers{
      [emitTo](const qi::Value& arguments) { emitTo(Event::Kind::value, arguments); },
      [emitTo](bool isThere) { emitTo(isThere ? Event::Kind::back : Event::Kind::gone, {}); }};
  auto watching = bus_->watch(std::move(caller), watch->what.service, watch->what.member, std::move(handlers));
  auto onBus = co_await std::move(watching);
  if (!onBus) co_return onBus.error();
  watch->onBus = std::move(*onBus);
  co_return Result<>();
}

void Subscriptions::emit(Watch& watch, Event::Kind kind, const qi::Value& arguments) {
  const auto key = all_.find({watch.to.bare().text(), watch.what.id});
  if (key == all_.end() || key->second.get() != &watch) return;  // ended meanwhile
  send(watch, {watch.what.id, ++watch.seq, kind, arguments, {}});
}

void Subscriptions::send(Watch& watch, const Event& event) {
  if (const auto sent = send_(xmpp::rpc::eventMessage(watch.to.text(), event)); !sent)
    log_->debug("event {} of {}.{} for {} was dropped: {}", watch.seq, watch.what.service, watch.what.member,
                watch.to.text(), sent.error().cause);
}

void Subscriptions::review() {
  std::erase_if(all_, [&](const auto& entry) {
    auto& watch = *entry.second;
    const auto refused = check_(watch.to, watch.what);
    if (!refused) return false;
    log_->info("{} may no longer watch {}.{}", entry.first.first, watch.what.service, watch.what.member);
    send(watch, {watch.what.id, ++watch.seq, Event::Kind::ended, {}, *refused});
    ended(watch, "policy");
    return true;
  });
}

void Subscriptions::lookAround() {
  review();
  const auto now = steady_clock::now();
  std::erase_if(all_, [&](const auto& entry) {
    const bool isOver = now - entry.second->renewed >= options_.lease;
    if (isOver) {
      log_->info("{} no longer watches {}.{}", entry.first.first, entry.second->what.service,
                 entry.second->what.member);
      ended(*entry.second, "lease");
    }
    return isOver;
  });
  if (all_.empty()) return;
  timer_.expires_after(options_.round);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    if (const auto self = weak.lock(); self && !cancelled) self->lookAround();
  });
}

void Subscriptions::close() {
  all_.clear();
  timer_.cancel();
}

}  // namespace beckon::gateway
