#pragma once

#include "cloud-relay/liveness.hpp"
#include "xmpp/component.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace beckon::relay {

// Asks robots whether they are there, when somebody wants to know: robots that nobody looks at say nothing. On the
// component's executor.
class RollCall {
 public:
  // `component` outlives it.
  RollCall(boost::asio::any_io_executor executor, xmpp::Component& component,
           std::chrono::milliseconds freshness = Liveness::usualFreshness);

  // The component is online again.
  void online();
  // That member was heard, at its full address.
  void heard(const xmpp::Jid& from);
  bool knows(const std::string& account) const;
  void forget(const std::string& account);

  // Asks those of them who were not heard just now. Done when they have answered, or had their time to (Liveness),
  // which counts from when the server has taken what they are asked.
  boost::asio::awaitable<void> ask(std::vector<std::string> accounts);
  // Since that account was last heard, as far as we can know.
  std::chrono::milliseconds silence(const std::string& account) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::relay
