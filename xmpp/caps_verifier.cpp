#include "xmpp/caps_verifier.hpp"

#include <utility>

namespace beckon::xmpp {
namespace {

constexpr std::size_t mostKnown = 256;  // different softwares; beyond, the oldest is forgotten
constexpr std::size_t mostOpen = 256;   // questions at a time; beyond, a later presence asks again

}  // namespace

Element CapsVerifier::Question::query() const {
  return Element("query", std::string(ns::discoInfo)).set("node", node + "#" + ver);
}

std::shared_ptr<const Disco> CapsVerifier::known(const Caps& caps) const {
  const auto found = caps.hash == Caps::sha1 ? known_.find(caps.ver) : known_.end();
  return found == known_.end() ? nullptr : found->second;
}

std::optional<CapsVerifier::Question> CapsVerifier::came(const Jid& from, const Caps& caps) {
  left(from);
  if (caps.hash != Caps::sha1 || known_.contains(caps.ver)) return std::nullopt;
  Question question{from, caps.node, caps.ver};
  const auto found = open_.find(caps.ver);
  if (found == open_.end()) {
    if (open_.size() >= mostOpen) return std::nullopt;
    open_.emplace(caps.ver, Open{{from}, {}});
    return question;
  }
  auto& [asked, others] = found->second;
  if (!asked.contains(from) && others.size() < mostOpen) others.push_back(std::move(question));
  return std::nullopt;
}

void CapsVerifier::left(const Jid& from) {
  for (auto& [ver, open] : open_) std::erase_if(open.others, [&](const Question& other) { return other.to == from; });
}

std::optional<CapsVerifier::Question> CapsVerifier::unanswered(const Question& question) {
  const auto found = open_.find(question.ver);
  if (found == open_.end() || !found->second.asked.contains(question.to)) return std::nullopt;
  return askNext(found->second);
}

std::optional<CapsVerifier::Question> CapsVerifier::askNext(Open& open) {
  if (open.others.empty()) return std::nullopt;
  auto out = std::move(open.others.front());
  open.others.pop_front();
  open.asked.insert(out.to);
  return out;
}

CapsVerifier::Outcome CapsVerifier::answered(const Question& question, const run::Result<Element>& answer) {
  const auto found = open_.find(question.ver);
  if (found == open_.end() || found->second.asked.erase(question.to) == 0) return {};
  Outcome out;
  const auto* query = answer ? answer->child("query", ns::discoInfo) : nullptr;
  const auto disco = query ? Disco::read(*query) : std::nullopt;
  if (!answer)
    out.problem = answer.error().cause;
  else if (!disco)
    out.problem = "what " + question.to.text() + " says about itself is ill-formed (XEP-0115 section 5.4)";
  else if (capsHash(*disco) != question.ver)
    out.problem = "what " + question.to.text() + " says about itself does not hash to what its presence promised";
  else
    out.disco = std::make_shared<const Disco>(*disco);

  if (out.disco) {
    open_.erase(found);
    known_.emplace(question.ver, out.disco);
    order_.push_back(question.ver);
    if (order_.size() > mostKnown) {
      known_.erase(order_.front());
      order_.pop_front();
    }
  } else {
    out.next = askNext(found->second);
    if (found->second.asked.empty()) open_.erase(found);
  }
  return out;
}

void CapsVerifier::streamEnded() { open_.clear(); }

}  // namespace beckon::xmpp
