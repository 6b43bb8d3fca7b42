#pragma once

#include "core/qi/limits.hpp"
#include "core/qi/object_exchange.hpp"
#include "localbus/bound_object.hpp"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace beckon::localbus {

// The objects in the messages of one connection (docs/protocol/qi.md, "Objects"): numbers those that leave and answers
// for them until the peer terminates them, gives proxies for those that come, and keeps each side's cache of meta
// objects. Part of a Connection.
class ObjectTable final : public qi::ObjectExchange {
 public:
  explicit ObjectTable(Connection& connection) : connection_(connection) {}
  ~ObjectTable();

  qi::ObjectRef give(const qi::ObjectRef& object, const qi::ObjectFormat& format) override;
  run::Result<> take(qi::ObjectRef& object) override;
  std::shared_ptr<const void> keep(qi::ByteView bytes) override { return connection_.keep(bytes); }

  // A Call or Post to an object that was given. False: there is none of that number.
  bool received(const std::shared_ptr<Connection>& from, const qi::Message& message);
  // The message with what was given last is on its way.
  void sent();
  // It never will be: nobody can terminate what it holds, so that ends here.
  void takeBack();
  // Ends all that was given.
  void clear();
  std::size_t size() const { return given_.size(); }
  bool isFull() const { return given_.size() >= qi::limits::maxObjects; }
  // What a call is answered whose result could not be given.
  static run::Error fullError();

 private:
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // service, object
  std::uint32_t newNumber(const qi::ObjectFormat& format) const;
  void giveMetaObject(qi::ObjectRef& to, std::shared_ptr<const qi::MetaObject> meta, bool isCached);

  Connection& connection_;
  std::map<Key, std::shared_ptr<BoundObject>> given_;
  std::map<std::string, std::uint32_t> givenMetaObjects_;  // by their bytes
  std::vector<Key> unsent_;                                // given in the message that is being made
  std::vector<std::string> unsentMetaObjects_;
  std::unordered_map<std::uint32_t, std::shared_ptr<const qi::MetaObject>> takenMetaObjects_;
};

}  // namespace beckon::localbus
