#pragma once

#include "directory/service_info.hpp"
#include "localbus/object_host.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace beckon::directory {

// The services that a session provides, whatever directory is there. Each time that one is, they are registered anew
// and get other numbers. Under the earlier ones they are called on by those who have them: no number is given twice.
// Part of a Session, which keeps it while a coroutine of it runs.
class Registrations {
 public:
  // Earlier numbers of a service that are kept.
  static constexpr std::size_t mostEarlier = 8;

  explicit Registrations(localbus::ObjectHost& host) : host_(host) {}

  // False: there is one of that name.
  bool add(const std::string& name, std::shared_ptr<localbus::BoundObject> object);
  void remove(const std::string& name);
  bool contains(const std::string& name) const { return services_.contains(name); }
  // The number that it has, or had last.
  std::optional<std::uint32_t> id(const std::string& name) const;
  // The service that has the number, or had it.
  std::optional<std::string> nameOf(std::uint32_t id) const;
  // In the order in which they were added.
  std::vector<std::string> missing() const;

  // Registers and announces a service that is missing; `info` is what it says of itself, without name, number and uid.
  // One trip to the directory where its number can be foreseen, two where not (docs/design/019).
  // Error: nameTaken, and those of the directory.
  boost::asio::awaitable<run::Result<std::uint32_t>> announce(std::shared_ptr<localbus::RemoteObject> directory,
                                                              std::string name, ServiceInfo info);
  // The directory tells of a service: the numbers that come next are above it, and one of ours may be told of before
  // the answer to its registration.
  void added(std::uint32_t id, const std::string& name);
  // The directory is gone, and with it all registrations.
  void lost();
  // True once after a directory gave a number that an earlier one had given: it began anew, so that the earlier
  // numbers, which this ends, may mean others.
  bool takeRepetition();

 private:
  struct Service {
    std::shared_ptr<localbus::BoundObject> object;
    std::uint64_t order;
    std::vector<std::uint32_t> ids;  // the last is the newest
    bool isRegistered = false, isRegistering = false;
  };
  void took(Service& service, std::uint32_t id);
  // Lets `object` answer under the number that the directory will probably give it, which it returns; 0: none is known.
  std::uint32_t expect(const std::string& name, const std::shared_ptr<localbus::BoundObject>& object);

  localbus::ObjectHost& host_;
  std::map<std::string, Service> services_;
  std::map<std::uint32_t, std::string> expected_;  // numbers that were not given yet, and to whom
  std::uint32_t lastGiven_ = 0;                    // by this directory, as far as we know; 0: not known
  std::uint64_t directories_ = 0;                  // that were lost
  std::uint64_t added_ = 0;
  std::uint32_t highest_ = 0, highestEarlier_ = 0;
  bool hasRepeated_ = false;
};

}  // namespace beckon::directory
