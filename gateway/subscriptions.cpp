#include "gateway/subscriptions.hpp"

namespace beckon::gateway {

using boost::asio::awaitable;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::rpc::Event;
using xmpp::rpc::Subscribed;

Subscriptions::Subscriptions(boost::asio::io_context& io, std::shared_ptr<VisibleBus> bus, Send send, run::Log log,
                             Options options)
    : bus_(std::move(bus)), send_(std::move(send)), log_(std::move(log)), options_(options), timer_(io) {}

std::size_t Subscriptions::countOf(const std::string& account) const {
  const auto first = all_.lower_bound({account, {}});
  std::size_t count = 0;
  for (auto each = first; each != all_.end() && each->first.first == account; ++each) ++count;
  return count;
}

awaitable<Result<Subscribed>> Subscriptions::subscribe(xmpp::Jid from, xmpp::rpc::Subscription wanted) {
  const auto self = shared_from_this();
  const Key key{from.bare().text(), wanted.id};
  if (const auto known = all_.find(key); known != all_.end()) {
    auto& watch = *known->second;
    if (watch.what.service == wanted.service && watch.what.member == wanted.member) {
      watch.to = from;
      watch.renewed = steady_clock::now();
      co_return Subscribed{watch.seq, false, !watch.onBus->isThere()};
    }
    all_.erase(known);
  }
  const auto watch = std::make_shared<Watch>();
  watch->what = std::move(wanted);
  watch->to = std::move(from);
  watch->renewed = steady_clock::now();
  if (const auto attached = co_await attach(watch); !attached) co_return attached.error();
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

void Subscriptions::unsubscribe(const xmpp::Jid& from, const std::string& id) { all_.erase({from.bare().text(), id}); }

awaitable<Result<>> Subscriptions::attach(std::shared_ptr<Watch> watch) {
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
  auto watching = bus_->watch(watch->what.service, watch->what.member, std::move(handlers));
  auto onBus = co_await std::move(watching);
  if (!onBus) co_return onBus.error();
  watch->onBus = std::move(*onBus);
  co_return Result<>();
}

void Subscriptions::emit(Watch& watch, Event::Kind kind, const qi::Value& arguments) {
  const auto key = all_.find({watch.to.bare().text(), watch.what.id});
  if (key == all_.end() || key->second.get() != &watch) return;  // ended meanwhile
  const Event event{watch.what.id, ++watch.seq, kind, arguments};
  if (const auto sent = send_(xmpp::rpc::eventMessage(watch.to.text(), event)); !sent)
    log_->debug("event {} of {}.{} for {} was dropped: {}", watch.seq, watch.what.service, watch.what.member,
                watch.to.text(), sent.error().cause);
}

void Subscriptions::lookAround() {
  const auto now = steady_clock::now();
  std::erase_if(all_, [&](const auto& entry) {
    const bool isOver = now - entry.second->renewed >= options_.lease;
    if (isOver)
      log_->info("{} no longer watches {}.{}", entry.first.first, entry.second->what.service,
                 entry.second->what.member);
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
