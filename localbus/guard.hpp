#pragma once

#include "core/qi/meta_object.hpp"
#include "localbus/connection.hpp"

#include <memory>
#include <string_view>

namespace beckon::localbus {

class RemoteObject;

// Stands between an object of another process and those who use it through a ForwardedObject: decides what they see of
// it and what they may do, and what becomes of objects that pass in either direction.
class Guard {
 public:
  enum class Use { call, post, get, set, watch };

  virtual ~Guard() = default;
  // What they see of it, by numbers of the whole: an object's own members, and of the actions that every object has
  // those that they are to find. Stays where it is until ForwardedObject::reconsider().
  virtual const qi::MetaObject& visible() const = 0;
  // Asked about a member that they see, before an argument is read. `asked`: the message by which they ask; `arguments`
  // as they came, unread. Gives how long it may take at most; an error is what whoever asked is told, with the code
  // unknownMember in the words for what is not there.
  virtual run::Result<Duration> admit(Use use, std::uint32_t member, const qi::Header& asked,
                                      qi::ByteView arguments) = 0;
  // Somebody asked for a member that they do not see, by its number or, for a property, by `name`; he is told that it
  // is not there.
  virtual void missed(Use /*use*/, std::uint32_t /*member*/, std::string_view /*name*/, const qi::Header& /*asked*/) {}
  // A subscription to a signal that they had has ended: by themselves, or `byReview`.
  virtual void unwatched(std::uint32_t /*signal*/, bool /*byReview*/) {}
  // Whether calls of a method that they see may be ended before their time (ForwardedObject::end).
  virtual bool mayEnd(std::uint32_t /*method*/) const { return false; }
  // Whether subscriptions to a signal that they see may go on.
  virtual bool mayWatch(std::uint32_t signal) const = 0;
  // What stands for an object that the guarded one gives in a result or event, where they have it.
  virtual std::shared_ptr<BoundObject> given(std::shared_ptr<RemoteObject> object) = 0;
  // What stands for an object of theirs that is given to the guarded one in arguments.
  virtual std::shared_ptr<BoundObject> taken(std::shared_ptr<RemoteObject> object) = 0;
};

}  // namespace beckon::localbus
