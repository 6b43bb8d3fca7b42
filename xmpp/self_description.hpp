#pragma once

#include "xmpp/caps.hpp"
#include "xmpp/responder.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace beckon::xmpp {

// What a client says about itself: in its presence the hash of what it can (XEP-0115), and to those who may know the
// whole of it (XEP-0030), its software (XEP-0092) and that it is there (XEP-0199).
class SelfDescription {
 public:
  // `disco`: identity and features, without those that come from here. `node`: a URI of the software.
  SelfDescription(Disco disco, std::string node, std::string software, std::string version);

  Element presence(const std::vector<Element>& payload) const;
  // From now on; this object has to live as long. Who may not know is told service-unavailable.
  void answer(Responder& responder, const std::function<bool(const Jid& asker)>& mayKnow) const;
  // Who answers disco#info of other nodes than that of the capabilities, whoever asks; without one there are none.
  void describeNodes(IqHandler handler) { nodes_ = std::move(handler); }

 private:
  Disco disco_;
  Caps caps_;
  std::string software_, version_;
  IqHandler nodes_;
};

}  // namespace beckon::xmpp
