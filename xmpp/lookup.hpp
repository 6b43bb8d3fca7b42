#pragma once

#include "core/run/error.hpp"
#include "core/run/unique_function.hpp"
#include "xmpp/resolve.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <vector>

namespace beckon::xmpp {

// A look-up of names on a thread of its own, since the system's cannot be cut short: given up, it is left alone and
// ends by itself.
class Lookup {
 public:
  using Found = run::Result<std::vector<Route>>;

  explicit Lookup(boost::asio::any_io_executor executor);
  ~Lookup();  // its end is not told then
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  // Once. `done` is called on the executor, once, never from inside a call of this class. An address in numbers, and no
  // proxy, takes no thread. Error overloaded: there is no thread.
  void start(Resolver resolver, Whereabouts where, run::UniqueFunction<void(Found)> done);
  // The end as far as `done` is concerned, unless it has been called.
  void giveUp(run::Error why);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::xmpp
