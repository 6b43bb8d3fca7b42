#pragma once

#include "core/run/error.hpp"
#include "core/run/log.hpp"
#include "core/run/metrics.hpp"
#include "localbus/endpoint.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beckon::apps {

// One part of a program, and whether it does what it is there for.
struct PartHealth {
  std::string name;  // one word
  bool isSound = true;
  std::string text;  // one line: what it does, or what is the matter
};

// HTTP/1.1 on a loopback address for whoever watches over the robot: GET /metrics is OpenMetrics text, GET /healthz
// one line a part ("bus ok: ..."), with status 503 if one is not sound. Nobody is asked who he is: every program on
// the computer may read it, nothing can be changed by it, and it names no arguments and no secrets. A browser's page
// cannot read it under a name of its own: Host must be an address or localhost. On the executor of `io`.
class StatusPort {
 public:
  using Health = std::function<std::vector<PartHealth>()>;
  // At a time; more are closed at once.
  static constexpr std::size_t mostConnections = 16;

  // `metrics` outlives it.
  StatusPort(boost::asio::io_context& io, const run::Metrics& metrics, Health health, run::Log log);
  ~StatusPort();  // stops
  StatusPort(const StatusPort&) = delete;
  StatusPort& operator=(const StatusPort&) = delete;

  // A tcp endpoint; port 0 takes a free one. Error invalidConfig for an address that others reach, or that cannot be
  // had.
  run::Result<localbus::Endpoint> start(const localbus::Endpoint& endpoint);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::apps
