#pragma once

#include "localbus/object_builder.hpp"
#include "localbus/object_value.hpp"
#include "remote/remote.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::remote {

// The service OtherRobots of a robot's bus: programs there use other robots, as this robot
// (docs/protocol/other-robots.md). On the executor of `io`.
class OtherRobots {
 public:
  static constexpr std::size_t mostCalls = 64, mostWatches = 64;  // at a time, of all programs together

  // `remote` outlives it; it outlives the sessions that offer the object.
  OtherRobots(boost::asio::io_context& io, Remote& remote);
  ~OtherRobots();
  OtherRobots(const OtherRobots&) = delete;
  OtherRobots& operator=(const OtherRobots&) = delete;

  const std::shared_ptr<localbus::Object>& object() const { return object_; }
  // Ends what is watched.
  void close();

 private:
  struct Watched;
  template <class T>
  using Awaitable = boost::asio::awaitable<run::Result<T>>;

  // Answers with what `work` gives.
  template <class T>
  void answer(localbus::Reply<T> reply, Awaitable<T> work);
  Awaitable<std::map<std::string, std::string>> robots();
  Awaitable<std::vector<std::string>> services(std::string robot);
  Awaitable<qi::Value> call(std::string robot, std::string service, std::string method, std::vector<qi::Value> given);
  Awaitable<qi::Value> get(std::string robot, std::string service, std::string property);
  Awaitable<void> set(std::string robot, std::string service, std::string property, qi::Value value);
  Awaitable<std::shared_ptr<localbus::Object>> watch(std::string robot, std::string service, std::string member);

  boost::asio::io_context& io_;
  Remote& remote_;
  std::shared_ptr<localbus::Object> object_;
  std::size_t underWay_ = 0;
  std::vector<std::weak_ptr<Watched>> watches_;
};

}  // namespace beckon::remote
