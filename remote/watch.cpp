#include "remote/watch.hpp"

#include <utility>

namespace beckon::remote {

using boost::asio::awaitable;
using run::Result;
using std::chrono::steady_clock;
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;

namespace {

// How long after a failure the next attempt is made, where nothing changes before.
constexpr std::chrono::seconds retryPause{2};

// What asking again does not mend: for whom the robot's policy shows a member no more, there is none.
bool isRefusal(run::Code code) {
  return code == run::Code::refused || code == run::Code::notNow || code == run::Code::unknownMember;
}

}  // namespace

Watch::Watch(Fleet& fleet, Exchanges& exchanges, xmpp::Client& client, std::string robot, std::string service,
             std::string member, std::string id, Events events)
    : fleet_(fleet),
      exchanges_(exchanges),
      client_(client),
      robot_(std::move(robot)),
      service_(std::move(service)),
      member_(std::move(member)),
      id_(std::move(id)),
      events_(std::move(events)) {}

// The robot would drop it in time; a word is kinder.
Watch::~Watch() {
  fleet_.changed();  // whoever keeps it looks up
  if (hasBegun_ && !hasEnded_ && client_.online() && !address_.empty())
    client_.set(address_, rpc::unsubscribeRequest(id_), Exchanges::travelTime, [](Result<Element>) {});
}

awaitable<Result<>> Watch::begin() { return subscribe(); }

void Watch::noteAddress() {
  const auto address = fleet_.addressOf(robot_);
  if (!address) return;
  address_ = *address;
  arrival_ = fleet_.arrivals(*address);
}

awaitable<Result<>> Watch::subscribe() {
  const auto self = shared_from_this();
  noteAddress();
  Request request{.kind = Request::Kind::state,
                  .payload = rpc::subscribeRequest({service_, member_, id_}),
                  .time = {},
                  .onResult = [weak = weak_from_this()](const Element& result) {
                    if (const auto watch = weak.lock()) watch->subscribed(result);
                  }};
  auto asked = exchanges_.ask(robot_, std::move(request));
  const auto answer = co_await std::move(asked);
  if (!answer) co_return answer.error();
  co_return Result<>();
}

void Watch::subscribed(const Element& result) {
  const auto told = rpc::readSubscribed(result);
  if (!told) return;
  noteAddress();  // it may have come back elsewhere while it was asked
  due_ = steady_clock::now() + rpc::renewal;
  const auto before = seq_;
  const bool isRepeat = std::exchange(hasBegun_, true);
  seq_ = told->isNew && isRepeat ? told->seq : std::max(seq_, told->seq);
  become(told->isGone ? State::serviceGone : State::live);
  if (!isRepeat || !events_.missed) return;
  if (told->isNew)
    events_.missed({});
  else if (told->seq > before)
    events_.missed(told->seq - before);
}

void Watch::received(const Jid& from, const Element& element) {
  if (hasEnded_ || from.bare() != address_.bare()) return;  // anybody can send a message
  if (fleet_.problemOf(robot_)) return;                     // it is not what it says
  const auto event = rpc::readEvent(element);
  if (!event || event->seq <= seq_) return;
  const auto missing = event->seq - seq_ - 1;
  seq_ = event->seq;
  if (missing > 0 && events_.missed) events_.missed(missing);
  switch (event->kind) {
    case rpc::Event::Kind::value:
      become(State::live);
      if (events_.value) events_.value(event->arguments);
      break;
    case rpc::Event::Kind::gone:
      become(State::serviceGone);
      break;
    case rpc::Event::Kind::back:
      become(State::live);
      break;
    case rpc::Event::Kind::ended:
      end(event->why);
      break;
  }
}

void Watch::end(const run::Error& why) {
  if (std::exchange(hasEnded_, true)) return;
  fleet_.changed();  // whoever keeps it looks up
  if (events_.ended) events_.ended(why);
}

void Watch::become(State state) {
  if (std::exchange(state_, state) != state && events_.state) events_.state(state);
}

awaitable<void> Watch::keep(std::weak_ptr<Watch> weak, Fleet& fleet) {
  for (;;) {
    auto wakeAt = steady_clock::time_point::max();
    {
      const auto watch = weak.lock();
      if (!watch || watch->hasEnded_) co_return;
      if (const auto address = fleet.addressOf(watch->robot_)) {
        const bool isBack = *address != watch->address_ || fleet.arrivals(*address) != watch->arrival_;
        if (isBack || steady_clock::now() >= watch->due_) {
          const auto renewed = co_await watch->subscribe();
          if (!renewed && isRefusal(renewed.error().code)) co_return watch->end(renewed.error());
          if (!renewed) watch->due_ = steady_clock::now() + retryPause;
          if (!renewed && renewed.error().code == run::Code::unknownService) watch->become(State::serviceGone);
        }
        wakeAt = watch->due_;
      } else if (const auto problem = fleet.problemOf(watch->robot_)) {
        co_return watch->end(*problem);
      } else {
        watch->become(State::away);
      }
    }
    co_await fleet.untilChanged(wakeAt);
  }
}

}  // namespace beckon::remote
