#pragma once

#include "directory/service_info.hpp"
#include "localbus/object_builder.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beckon::gateway {

// The service directory as one session outside has it: service 1 with libqi's members and numbers, 100 to 108, those
// for registering only where it may. What there is, the session says. One executor.
class ShadowDirectory final : public localbus::BoundObject {
 public:
  template <class T>
  using Finding = std::function<boost::asio::awaitable<run::Result<T>>()>;
  // What the session does. Texts of errors are libqi's where it has any.
  struct Services {
    std::function<std::vector<directory::ServiceInfo>()> list;
    std::function<boost::asio::awaitable<run::Result<directory::ServiceInfo>>(std::string name)> find;
    std::function<run::Result<std::uint32_t>(const directory::ServiceInfo& info)> add;
    std::function<boost::asio::awaitable<run::Result<>>(std::uint32_t id)> ready;
    std::function<boost::asio::awaitable<run::Result<>>(std::uint32_t id)> remove;
    std::function<bool()> mayRegister;  // anything
  };

  ShadowDirectory(boost::asio::any_io_executor executor, std::string machineId, Services services);

  const qi::MetaObject& metaObject() const override;
  const qi::ObjectUid& uid() const override { return object_->uid(); }
  void received(const std::shared_ptr<localbus::Connection>& from, const qi::Message& message) override;
  void released(std::uint64_t connection, std::uint32_t service, std::uint32_t object) override {
    object_->released(connection, service, object);
  }

  void added(std::uint32_t id, const std::string& name) const { (*added_)(id, name); }
  void removed(std::uint32_t id, const std::string& name) const { (*removed_)(id, name); }

 private:
  boost::asio::any_io_executor executor_;
  Services services_;
  std::shared_ptr<localbus::Object> object_;
  std::optional<localbus::SignalHandle<std::uint32_t, std::string>> added_, removed_;
  qi::MetaObject forReaders_, forProviders_;
};

}  // namespace beckon::gateway
