#include "xmpp/command.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace beckon::xmpp::command {
namespace {

constexpr std::array<std::pair<Action, std::string_view>, 5> actions{{{Action::execute, "execute"},
                                                                      {Action::cancel, "cancel"},
                                                                      {Action::prev, "prev"},
                                                                      {Action::next, "next"},
                                                                      {Action::complete, "complete"}}};
// More than an id of ours or a name of the bus has.
constexpr std::size_t longestName = 1024;

std::string_view text(Stage::Status status) {
  switch (status) {
    case Stage::Status::executing:
      return "executing";
    case Stage::Status::canceled:
      return "canceled";
    case Stage::Status::completed:
      break;
  }
  return "completed";
}

}  // namespace

std::string_view text(Action action) {
  return std::ranges::find(actions, action, &decltype(actions)::value_type::first)->second;
}

StanzaError problem(std::string_view name, std::string text) {
  StanzaError out = badRequest;
  out.text = std::move(text);
  out.detail = name;
  out.detailNs = ns;
  return out;
}

Reading readStep(const Element& element) {
  Reading out;
  out.step.node = element.attribute("node");
  out.step.sessionId = element.attribute("sessionid");
  if (out.step.node.empty() || out.step.node.size() > longestName || out.step.sessionId.size() > longestName)
    return {{}, problem("bad-payload", "a command has a node, and names of at most 1024 bytes")};
  if (const auto action = element.attribute("action"); !action.empty()) {
    const auto known = std::ranges::find(actions, action, &decltype(actions)::value_type::second);
    if (known == actions.end())
      return {{}, problem("malformed-action", "actions are execute, next, prev, complete and cancel")};
    out.step.action = known->first;
  }
  const auto* x = element.child("x", DataForm::ns);
  if (!x) return out;
  auto form = DataForm::read(*x);
  if (!form) return {{}, problem("bad-payload", form.error().cause)};
  // Whoever cancels the form cancels the command.
  if (form->type == "cancel") out.step.action = Action::cancel;
  if (form->type == "submit") out.step.form = std::move(*form);
  return out;
}

Element stepRequest(const Step& step) {
  Element out("command", std::string(ns));
  out.set("node", step.node).set("action", text(step.action));
  if (!step.sessionId.empty()) out.set("sessionid", step.sessionId);
  if (step.form) out.add(step.form->element());
  return out;
}

Element stageResult(const Stage& stage) {
  Element out("command", std::string(ns));
  out.set("node", stage.node).set("status", text(stage.status));
  if (!stage.sessionId.empty()) out.set("sessionid", stage.sessionId);
  if (!stage.actions.empty()) {
    Element offered("actions");
    offered.set("execute", text(stage.actions.back()));
    for (const auto action : stage.actions) offered.add(Element(std::string(text(action))));
    out.add(std::move(offered));
  }
  if (stage.form) out.add(stage.form->element());
  for (const auto& note : stage.notes) out.add(Element("note", {}, note.text).set("type", note.type));
  return out;
}

Element itemsResult(std::string_view node, const std::string& jid, const std::vector<Offer>& offers) {
  Element out("query", std::string(itemsNs));
  if (!node.empty()) out.set("node", node);
  for (const auto& offer : offers)
    out.add(Element("item").set("jid", jid).set("node", offer.node).set("name", offer.name));
  return out;
}

}  // namespace beckon::xmpp::command
