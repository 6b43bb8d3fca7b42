#pragma once

#include "core/run/error.hpp"
#include "xmpp/caps.hpp"
#include "xmpp/element.hpp"
#include "xmpp/jid.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace beckon::xmpp {

// Finds out what contacts can (XEP-0115 section 5.4), without I/O. Each `ver` is asked for once, whoever has it; an
// answer is believed only if it is well-formed and hashes to it. Where it is not believed or does not come, the next
// one who has that `ver` is asked; those who have been are asked again at their next presence. One who lets us wait
// does not hold up the others: meanwhile the next one is asked, too.
class CapsVerifier {
 public:
  struct Question {
    Jid to;
    std::string node, ver;
    Element query() const;  // <query node='node#ver'/>, to be sent as a get
  };
  struct Outcome {
    std::shared_ptr<const Disco> disco;  // null: not verified
    std::string problem;                 // then why
    std::optional<Question> next;        // to ask now
  };

  // Null where these capabilities are not known.
  std::shared_ptr<const Disco> known(const Caps& caps) const;
  // An available presence came with these capabilities. Gives what to ask now.
  std::optional<Question> came(const Jid& from, const Caps& caps);
  void left(const Jid& from);
  // No answer has come for a while: whom to ask meanwhile. The first answer that is believed counts.
  std::optional<Question> unanswered(const Question& question);
  // Exactly once for each question, unless the stream ends first.
  Outcome answered(const Question& question, const run::Result<Element>& answer);
  void streamEnded();  // no question is open any more; what is known stays

 private:
  struct Open {
    std::set<Jid> asked;
    std::deque<Question> others;  // who have the same `ver`
  };

  static std::optional<Question> askNext(Open& open);

  std::map<std::string, Open> open_;  // by ver
  std::map<std::string, std::shared_ptr<const Disco>> known_;
  std::deque<std::string> order_;  // of known_, oldest first
};

}  // namespace beckon::xmpp
