#pragma once

#include "core/run/log.hpp"
#include "directory/service_ids.hpp"
#include "directory/session.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace beckon::gateway {

// What is on the bus, as it is known outside: each registration there has a number of its own here, which counts up and
// is given once, whatever the bus's directory does when it starts again. A service is in it once its meta object is
// known. Lives on the session's executor.
class Catalogue : public std::enable_shared_from_this<Catalogue> {
 public:
  struct Entry {
    std::uint32_t id = 0;  // outside
    directory::ServiceInfo onBus;
    std::shared_ptr<const qi::MetaObject> metaObject;
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  // `bus`: of the gateway itself; looks for its directory by itself. Its onService belongs to the catalogue.
  Catalogue(std::shared_ptr<directory::Session> bus, directory::ServiceIds ids, run::Log log);

  // The bus is there, or there again.
  void look();
  // Nothing changes any more.
  void close();

  const std::map<std::uint32_t, EntryPtr>& entries() const { return entries_; }
  EntryPtr find(std::uint32_t id) const;
  EntryPtr find(const std::string& name) const;
  // The same for one that may be on the bus since a moment only: asks there. Null: there is none.
  boost::asio::awaitable<EntryPtr> await(std::string name);

  // Whether it is there still: asks the bus, which may have told meanwhile that it has gone.
  boost::asio::awaitable<EntryPtr> confirm(std::uint32_t id);

  // Called with each that comes (true) and goes, until what it returns is destroyed. It may not add or end handlers.
  using Handler = std::function<void(const EntryPtr& entry, bool isThere)>;
  [[nodiscard]] std::shared_ptr<void> onChange(Handler handler);

  // A number for a service that is to be registered on the bus for somebody outside. Error overloaded.
  run::Result<std::uint32_t> newId() { return ids_.next(); }
  // The next of that name gets this number.
  void expect(const std::string& name, std::uint32_t id) { expected_[name] = id; }
  void expectNoMore(const std::string& name) { expected_.erase(name); }

 private:
  void changed(bool isThere, std::uint32_t id, const std::string& name);
  boost::asio::awaitable<void> compare();
  void take(const std::vector<directory::ServiceInfo>& listed);
  boost::asio::awaitable<void> open(directory::ServiceInfo info);
  void removeWhere(const std::function<bool(const Entry&)>& which);
  void tell(const EntryPtr& entry, bool isThere);

  std::shared_ptr<directory::Session> bus_;
  directory::ServiceIds ids_;
  run::Log log_;
  std::map<std::uint32_t, EntryPtr> entries_;
  std::map<std::string, EntryPtr> byName_;
  std::map<std::string, std::uint32_t> opening_;   // whose meta object is asked for: the number on the bus
  std::map<std::string, std::uint32_t> expected_;  // numbers that are promised
  localbus::Timer changed_;                        // never expires; whoever waits is woken
  std::shared_ptr<std::list<Handler>> handlers_ = std::make_shared<std::list<Handler>>();
  bool isTold_ = false, isComparing_ = false, comparesAgain_ = false, isClosed_ = false;
};

}  // namespace beckon::gateway
