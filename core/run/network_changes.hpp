#pragma once

#include "core/run/log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace beckon::run {

// Tells when this computer's addresses or its default routes have become others (Linux's rtnetlink): what was connected
// before may be dead without knowing it, and what could not be reached before may be there. On one executor.
class NetworkChanges {
 public:
  // `changed` is called on the executor, once for what happens within a quarter of a second, until destroyed.
  NetworkChanges(boost::asio::any_io_executor executor, std::function<void()> changed, Log log);
  ~NetworkChanges();
  NetworkChanges(const NetworkChanges&) = delete;
  NetworkChanges& operator=(const NetworkChanges&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::run
