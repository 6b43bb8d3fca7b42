#pragma once

#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace beckon::xmpp {

// Keeps the roster (RFC 6121 sections 2 and 3) as configured, without I/O: each contact is subscribed to and approved,
// everybody else refused. One object for one stream; gives the stanzas to send.
class Roster {
 public:
  explicit Roster(std::set<Jid> contacts) : contacts_(std::move(contacts)) {}

  bool lists(const Jid& jid) const { return contacts_.contains(jid.bare()); }

  // The answer to the request for the roster, once.
  std::vector<Element> loaded(const Element& query);
  // A change that the server tells later (a roster push).
  void changed(const Element& query);
  // A presence of type subscribe. (Of subscribed, unsubscribe and unsubscribed the server tells by a change.)
  std::vector<Element> asked(const Element& presence);

  static Element request();  // <query xmlns='jabber:iq:roster'/>

 private:
  std::set<Jid> contacts_;
  // Contacts that we are subscribed to or have asked. Who refused us is asked again in the next stream, or as soon as
  // he asks us: then he has come to list us.
  std::set<Jid> settled_;
};

}  // namespace beckon::xmpp
