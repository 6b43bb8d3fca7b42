#pragma once

#include "apps/cli/bus_target.hpp"
#include "apps/cli/trace_reader.hpp"
#include "directory/session.hpp"

#include <functional>
#include <map>
#include <memory>

namespace beckon::cli {

// The traces of services of a bus. Listening switches a service's trace on; the service switches it off when nobody
// listens any more, be it that this ends or that its program does.
class Tracing : public std::enable_shared_from_this<Tracing> {
 public:
  // `missed`: so many more calls and events were not told. Neither may call end().
  struct Handlers {
    std::function<void(const std::string& service, const Passed& passed)> passed;
    std::function<void(const std::string& service, std::uint64_t count)> missed;
  };
  Tracing(std::shared_ptr<directory::Session> session, Handlers handlers)
      : session_(std::move(session)), handlers_(std::move(handlers)) {}

  // One service, also when it goes and comes back. Errors: those of Session::watch.
  boost::asio::awaitable<run::Result<>> follow(std::string service);
  // All that there are, and those that come. One that cannot be followed is told on standard error.
  boost::asio::awaitable<run::Result<>> followAll();
  std::vector<std::string> services() const;
  // Done when what was told until now has been heard; a program that does not answer within a second is not waited for.
  boost::asio::awaitable<void> settle();
  // No handler is called any more.
  void end();

 private:
  struct Followed {
    TraceReader reader;
    std::uint64_t missedTold = 0;
    std::shared_ptr<directory::Watch> watch;
  };
  boost::asio::awaitable<void> followOrTell(std::string service);
  boost::asio::awaitable<void> followAgain(std::string service);
  void told(const std::string& service, const qi::Value& event);
  void changed(const std::string& service, bool isThere);

  std::shared_ptr<directory::Session> session_;
  Handlers handlers_;
  std::map<std::string, Followed> followed_;
  bool hasEnded_ = false;
};

// One that follows `service`, all where it is empty, and is to be ended. Errors: those of Tracing::follow.
boost::asio::awaitable<run::Result<std::shared_ptr<Tracing>>> follow(BusTarget& bus, std::string service,
                                                                     Tracing::Handlers handlers);
// For people: what of a service, or all, is followed.
std::string followed(const std::string& service);

}  // namespace beckon::cli
