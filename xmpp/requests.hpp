#pragma once

#include "core/run/error.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace beckon::xmpp {

// The IQs that we asked and whose answers are awaited. Everything on one executor.
class Requests {
 public:
  using Answer = std::function<void(run::Result<Element>)>;

  explicit Requests(boost::asio::any_io_executor executor);
  ~Requests();  // those in flight are forgotten, unanswered: fail() them first

  // How an answer of type error comes: as what it means to the user, or as it is (then an error means that none came).
  enum class Errors { translated, asTheyAre };

  // A new request; gives its id, which nobody can guess. Answered from the executor, never from inside this call.
  std::string open(const Jid& to, std::chrono::milliseconds deadline, Answer answer,
                   Errors errors = Errors::translated);
  // An iq of type result or error. Ignored unless it comes from whom the request went to (an empty `to` stands for
  // `self`'s own account and server, as RFC 6120 section 8.1.2.1 has it).
  void answered(const Element& iq, const Jid& self);
  // This one, or everything in flight, fails. The answer of one comes later, those of all before this returns.
  void fail(const std::string& id, const run::Error& why);
  void fail(const run::Error& why);

 private:
  struct Pending;

  boost::asio::any_io_executor executor_;
  std::string prefix_;
  unsigned long next_ = 0;
  std::shared_ptr<void> alive_;  // a deadline that was queued already when this object went finds it gone
  std::map<std::string, std::unique_ptr<Pending>, std::less<>> pending_;
};

}  // namespace beckon::xmpp
