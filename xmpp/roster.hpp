#pragma once

#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace beckon::xmpp {

// Keeps the roster (RFC 6121 sections 2 and 3) as configured, without I/O: each contact is subscribed to and approved,
// nobody else answered, and whoever we put there and do not list any more is removed. One object for one stream.
//
// Both sides' servers keep a state of each subscription, and either may lose it. So nothing is taken for settled
// because it once was:
// * Whom we are not subscribed to is asked at each login, also where a request is said to be on its way, and once more
//   when a subscription that we had ends.
// * Who refuses at once is asked once more after a pause: that may have been the late echo of an older state.
// * Whose presence comes though our request is still on its way is asked again: his server takes us for subscribed, and
//   the request went astray (Prosody drops one that comes while he is offline and that his roster says is settled).
// * Who asks is approved and asked back, though we believe to be subscribed: his server may have forgotten that. This
//   cannot go in circles, since servers answer a request that is settled by themselves (RFC 6121 section 3.1.3).
// * Who has approved us but is not subscribed himself may believe that he is: we end our subscription and ask again,
//   so that his server passes the request on to him and he asks us. Once a stream, a pause after it shows.
class Roster {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::string_view group = "Beckon";  // of the contacts that we put on the roster
  // No contact is asked more often than this, whatever servers say.
  static constexpr std::chrono::milliseconds pause{5000};

  // `ownsRoster`: everybody who is not a contact is removed, not only those in our group.
  Roster(const std::set<Jid>& contacts, bool ownsRoster);

  // Whether the server may send us this contact's presence: false only where it has said that it will not.
  bool mayBeSubscribedTo(const Jid& contact) const;

  // Each gives what to send, in this order: presences, and roster changes (a <query/>, to be set at our own server).
  // The answer to the request for the roster, once; null if none came.
  std::vector<Element> loaded(const Element* query, TimePoint now);
  // A change that the server tells later (a roster push).
  std::vector<Element> changed(const Element& query, TimePoint now);
  // Other contacts from now on, once the roster was loaded: who is not one any more is removed.
  std::vector<Element> become(const std::set<Jid>& contacts, TimePoint now);
  // A presence of type subscribe. (Of subscribed, unsubscribe and unsubscribed the server tells by a change.)
  std::vector<Element> asked(const Element& presence, TimePoint now);
  // An available presence of somebody.
  std::vector<Element> seen(const Jid& from, TimePoint now);
  std::vector<Element> tick(TimePoint now);
  std::optional<TimePoint> nextDeadline() const;

  static Element request();  // <query xmlns='jabber:iq:roster'/>

 private:
  struct Contact {
    bool onRoster = false, to = false, from = false, asking = false;  // what the server says
    std::optional<TimePoint> askedAt;
    bool toBeAsked = false;               // as soon as the pause is over
    std::optional<TimePoint> oneSidedAt;  // since then he has approved us and is not subscribed
    bool renewed = false, insisted = false;
  };

  static void update(Contact& contact, const Element& item, TimePoint now);
  void ask(const Jid& jid, Contact& contact, TimePoint now, std::vector<Element>& out);
  void welcome(const Jid& jid, Contact& contact, TimePoint now, std::vector<Element>& out);
  void add(const Jid& jid, Contact& contact, std::vector<Element>& out);
  static std::optional<TimePoint> deadline(const Contact& contact);

  std::map<Jid, Contact> contacts_;
  bool ownsRoster_;
  bool known_ = false;  // the server has given the roster
};

}  // namespace beckon::xmpp
