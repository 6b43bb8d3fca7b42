#pragma once

#include "directory/service_info.hpp"
#include "localbus/dial_first.hpp"
#include "localbus/object_host.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace beckon::directory {

// The processes that a session has to do with, each reached in the best way there is and by one connection: itself
// within the process, those of this computer by a unix socket where that answers, others by the network.
class Peers : public std::enable_shared_from_this<Peers> {
 public:
  struct Options {
    std::string machineId;
    bool unixSockets = true;
    std::function<localbus::DialOptions()> dialOptions;
    std::function<void(const localbus::Connection&)> ended;  // told when a connection to a process has ended
  };
  // `own` answers what comes in on connections to ourselves; outlives it.
  Peers(boost::asio::io_context& io, localbus::ObjectHost& own, Options options, run::Log log);

  // The connection to the directory, which may provide services as well.
  void setDirectory(std::shared_ptr<localbus::Connection> connection, std::string url);
  // Errors: unreachable, and those of dial().
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::Connection>>> to(ServiceInfo info);
  std::shared_ptr<localbus::Connection> toSelf();
  // For people: "unix:///run/.. (same computer)". Empty for a connection that has ended.
  std::string path(const std::shared_ptr<localbus::Connection>& connection) const;
  void close(const run::Error& reason);

 private:
  std::vector<localbus::Endpoint> candidates(const ServiceInfo& info) const;
  std::shared_ptr<localbus::Connection> known(const std::string& process) const;
  void keep(const std::string& process, const localbus::Dialed& dialed);
  boost::asio::awaitable<run::Result<std::shared_ptr<localbus::Connection>>> dial(std::string process,
                                                                                  ServiceInfo info);

  boost::asio::io_context& io_;
  localbus::ObjectHost& own_;
  Options options_;
  run::Log log_;
  std::shared_ptr<localbus::Connection> directory_;
  std::string directoryUrl_;
  bool isClosed_ = false;
  std::map<std::string, localbus::Dialed> processes_;                // by session, or a URL where it tells none
  std::map<std::string, std::shared_ptr<localbus::Timer>> dialing_;  // by the same; who wants it too waits
  std::vector<std::shared_ptr<localbus::Connection>> self_;          // both ends, once they are wanted
};

}  // namespace beckon::directory
