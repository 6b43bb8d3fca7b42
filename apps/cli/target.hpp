#pragma once

#include "core/qi/json.hpp"
#include "core/qi/meta_object.hpp"
#include "core/run/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace beckon::cli {

template <class T>
using Awaitable = boost::asio::awaitable<run::Result<T>>;

// A service as a listing shows it; what a target does not know stays empty.
struct ListedService {
  std::string name;
  std::uint32_t id = 0;
  std::uint32_t processId = 0;
  std::vector<std::string> endpoints;
};

// Where the verbs work: a bus, or a robot somewhere.
class Target {
 public:
  virtual ~Target() = default;
  virtual Awaitable<std::vector<ListedService>> services() = 0;
  virtual Awaitable<qi::MetaObject> info(std::string service) = 0;
  virtual Awaitable<qi::Value> call(std::string service, std::string method, qi::Json arguments,
                                    std::chrono::milliseconds time) = 0;
  // Done when it is on its way.
  virtual Awaitable<void> post(std::string service, std::string method, qi::Json arguments) = 0;
  virtual Awaitable<qi::Value> get(std::string service, std::string property, std::chrono::milliseconds time) = 0;
  virtual Awaitable<void> set(std::string service, std::string property, qi::Json value,
                              std::chrono::milliseconds time) = 0;
  // How the service that was used last is reached, for people; empty if it is not.
  virtual std::string path() const = 0;
};

}  // namespace beckon::cli
