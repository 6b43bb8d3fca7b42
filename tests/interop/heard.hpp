#pragma once

#include "core/qi/json.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/post.hpp>

namespace beckon::test {

// What handlers are told, for a coroutine to wait for. Has to outlive them.
class Heard {
 public:
  explicit Heard(boost::asio::io_context& io) : io_(io) {}

  void add(std::string what) {
    all_.push_back(std::move(what));
    if (waiting_ && all_.size() >= wanted_)
      boost::asio::post(io_, [done = std::exchange(waiting_, {})]() mutable { done(true); });
  }
  // Adds each event as JSON.
  localbus::RemoteObject::EventHandler handler() {
    return [this](const qi::Value& event) { add(qi::toJsonText(event)); };
  }
  const std::vector<std::string>& all() const { return all_; }

  // Until so many have been heard.
  boost::asio::awaitable<void> first(std::size_t count) {
    if (all_.size() >= count) co_return;
    co_await localbus::awaiting<bool>([this, count](auto done) {
      wanted_ = count;
      waiting_ = std::move(done);
    });
  }

 private:
  boost::asio::io_context& io_;
  std::vector<std::string> all_;
  std::size_t wanted_ = 0;
  run::UniqueFunction<void(bool)> waiting_;
};

}  // namespace beckon::test
