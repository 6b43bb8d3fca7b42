#pragma once

#include "apps/cli/command.hpp"
#include "apps/cli/target.hpp"
#include "directory/session.hpp"

namespace beckon::cli {

// A bus by the address of its directory.
class BusTarget : public Target {
 public:
  explicit BusTarget(std::shared_ptr<directory::Session> session) : session_(std::move(session)) {}
  static Awaitable<std::unique_ptr<BusTarget>> connect(boost::asio::io_context& io, const Command& command,
                                                       run::Log log);
  ~BusTarget() override;

  Awaitable<std::vector<ListedService>> services() override;
  Awaitable<qi::MetaObject> info(std::string service) override;
  Awaitable<qi::Value> call(std::string service, std::string method, qi::Json arguments,
                            std::chrono::milliseconds time) override;
  Awaitable<void> post(std::string service, std::string method, qi::Json arguments) override;
  Awaitable<qi::Value> get(std::string service, std::string property, std::chrono::milliseconds time) override;
  Awaitable<void> set(std::string service, std::string property, qi::Json value,
                      std::chrono::milliseconds time) override;
  std::string path() const override { return path_; }

  // From now on standard error says when the directory goes and when it is back.
  void tellOfDirectory();
  // Keeps the session, for what only a bus can do.
  const std::shared_ptr<directory::Session>& session() const { return session_; }

 private:
  Awaitable<std::shared_ptr<localbus::RemoteObject>> object(std::string service,
                                                            std::chrono::milliseconds time = std::chrono::seconds(10));

  std::shared_ptr<directory::Session> session_;
  std::string path_;
};

}  // namespace beckon::cli
