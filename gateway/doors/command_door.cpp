#include "gateway/doors/command_door.hpp"

#include "core/run/uuid.hpp"
#include "gateway/doors/callable.hpp"
#include "gateway/doors/command_form.hpp"
#include "gateway/doors/command_sessions.hpp"
#include "gateway/error_text.hpp"
#include "xmpp/command.hpp"

#include <algorithm>
#include <optional>

namespace beckon::gateway {

using boost::asio::awaitable;
using policy::Verb;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;
using xmpp::DataForm;
using xmpp::Element;
using xmpp::command::Action;
using xmpp::command::Stage;
using xmpp::command::Step;
namespace command = xmpp::command;

namespace {

constexpr std::string_view commandDoor = "command";  // as the record names it

void addOffers(std::vector<command::Offer>& to, const Callable& callable) {
  std::vector<const qi::MetaMethod*> first;  // of each name
  for (const auto& method : callable.methods)
    if (std::ranges::none_of(first, [&](const auto* each) { return each->name == method.name; }))
      first.push_back(&method);
  if (first.size() > CommandDoor::mostListed) {
    to.push_back({callable.service, callable.service + " (" + std::to_string(first.size()) + " methods)"});
    return;
  }
  for (const auto* method : first) {
    const auto name = callable.service + "." + method->name;
    to.push_back({name, name});
  }
}

Stage::Note noteOf(const Error& error) { return {"error", asText(error).cause}; }

// Whether what was filled in is to be corrected.
bool isBadInput(const Error& error) { return error.code == Code::badArguments || error.code == Code::malformedJson; }
// Whether there is nothing to call, as far as the caller may know.
bool isAbsent(const Error& error) { return error.code == Code::unknownService || error.code == Code::unknownMember; }

// Without its types, as rules and the record have it.
std::string nameIn(const std::string& method) { return method.substr(0, method.find("::")); }

const qi::MetaMethod* methodIn(const Callable& callable, std::string_view name) {
  const auto found = std::ranges::find(callable.methods, name, fullName);
  return found == callable.methods.end() ? nullptr : &*found;
}

}  // namespace

struct CommandDoor::State : std::enable_shared_from_this<CommandDoor::State> {
  explicit State(std::shared_ptr<XmppRequests> to) : requests(std::move(to)) {}

  std::shared_ptr<XmppRequests> requests;
  xmpp::Client* client = nullptr;
  CommandSessions sessions;

  bool admits(const xmpp::IqRequest& asked, const xmpp::IqReply& reply) {
    return requests->admits(asked.from, commandDoor, [reply] { reply.error(xmpp::serviceUnavailable); });
  }

  // ---- What there is. ----

  template <class T>
  using Then = std::function<void(const Result<T>&)>;

  // Looks around for the caller: `eyes` is a coroutine of the bus and the caller.
  template <class T, class Eyes>
  void look(const xmpp::Jid& from, Eyes eyes, Then<T> then) {
    const auto found = std::make_shared<Result<T>>(Error{});
    XmppRequests::Request request{.from = from, .door = commandDoor};
    request.work = [bus = requests->bus(), eyes, found](const XmppRequests::Grant& grant) {
      return keep<T>(eyes(bus, grant.caller), found);
    };
    requests->ask(std::move(request), [found, then](const XmppRequests::Outcome&) { then(*found); });
  }
  template <class T>
  static awaitable<XmppRequests::Outcome> keep(awaitable<Result<T>> looking, std::shared_ptr<Result<T>> found) {
    *found = co_await std::move(looking);
    co_return Element();
  }
  void find(const xmpp::Jid& from, const std::string& node, Then<Named> then) {
    look<Named>(
        from,
        [node](const std::shared_ptr<VisibleBus>& bus, const VisibleBus::Caller& caller) {
          return named(bus, caller, node);
        },
        std::move(then));
  }

  void items(const xmpp::IqRequest& asked, const xmpp::IqReply& reply) {
    if (!admits(asked, reply)) return;
    const std::string node(asked.payload.attribute("node"));
    if (node.empty()) return reply.result(command::itemsResult(node, {}, {}));
    if (node != command::ns) return reply.error(xmpp::itemNotFound);
    look<std::vector<Callable>>(asked.from, callables,
                                [self = shared_from_this(), reply](const Result<std::vector<Callable>>& all) {
                                  if (!all) return reply.error(all.error());
                                  std::vector<command::Offer> offers;
                                  for (const auto& each : *all) addOffers(offers, each);
                                  reply.result(command::itemsResult(command::ns, self->client->self().text(), offers));
                                });
  }

  void info(const xmpp::IqRequest& asked, const xmpp::IqReply& reply) {
    if (!admits(asked, reply)) return;
    const std::string node(asked.payload.attribute("node"));
    const auto describe = [reply, node](const std::string& type, const std::string& name) {
      reply.result(xmpp::Disco{
          {{"automation", type, "", name}},
          {std::string(command::ns), std::string(DataForm::ns)},
          {}}.query(node));
    };
    if (node == command::ns) return describe("command-list", "Commands");
    find(asked.from, node, [reply, node, describe](const Result<Named>& found) {
      if (!found) return reply.error(found.error());
      if (found->found.methods.empty()) return reply.error(xmpp::itemNotFound);
      describe("command-node", node);
    });
  }

  // ---- Steps. ----

  void step(const xmpp::IqRequest& asked, const xmpp::IqReply& reply) {
    if (!admits(asked, reply)) return;
    auto reading = command::readStep(asked.payload);
    if (reading.error) return reply.error(*reading.error);
    auto step = std::move(reading.step);
    CommandSession session{asked.from, step.node, {}};
    if (step.sessionId.empty()) {
      if (step.action != Action::execute)
        return reply.error(command::problem("bad-action", "a command begins with execute"));
      return find(asked.from, step.node, [self = shared_from_this(), session, reply](const Result<Named>& found) {
        if (!found) return reply.error(found.error());
        self->begin({run::makeUuid(), session, found->found.service}, *found, reply);
      });
    }
    auto taken = sessions.take(step.sessionId, asked.from, step.node, steady_clock::now());
    if (!taken.session) {
      auto error = command::problem(taken.isExpired ? "session-expired" : "bad-sessionid",
                                    "there is no such session, or it is over; begin again");
      if (taken.isExpired) error.type = "cancel", error.condition = "not-allowed";
      return reply.error(error);
    }
    if (step.action == Action::cancel)
      return reply.result(command::stageResult({step.node, step.sessionId, Stage::Status::canceled}));
    find(asked.from, step.node,
         [self = shared_from_this(), session = *taken.session, step, reply](const Result<Named>& found) {
           if (!found) {
             self->sessions.keep(step.sessionId, session, steady_clock::now());
             return reply.error(found.error());
           }
           self->goOn({step.sessionId, session, found->found.service}, *found, step, reply);
         });
  }

  // A session while it is taken out.
  struct At {
    std::string id;
    CommandSession session;
    std::string service;
  };

  void begin(At at, const Named& named, const xmpp::IqReply& reply) {
    const auto& methods = named.found.methods;
    if (methods.empty()) {
      if (named.member.empty()) return reply.error(xmpp::itemNotFound);
      // The policy is asked all the same: what is refused is in the record, and answered as what is not there.
      at.session.method = named.member;
      return run(std::move(at), {}, {}, {}, reply);
    }
    if (methods.size() > 1 || named.member.empty()) return choose(std::move(at), named.found, {}, reply);
    at.session.method = fullName(methods.front());
    argue(std::move(at), methods.front(), false, reply);
  }

  void goOn(At at, const Named& named, const Step& step, const xmpp::IqReply& reply) {
    const auto& methods = named.found.methods;
    const bool mayChoose = named.member.empty() || methods.size() > 1;
    const auto refuse = [&](std::string_view problem, const std::string& text) {
      sessions.keep(at.id, at.session, steady_clock::now());
      reply.error(command::problem(problem, text));
    };
    const bool isChoosing = at.session.method.empty();
    if (step.action == Action::prev) {
      if (isChoosing || !mayChoose || methods.empty()) return refuse("bad-action", "there is no step before this one");
      at.session.method.clear();
      return choose(std::move(at), named.found, {}, reply);
    }
    const auto wanted = isChoosing ? Action::next : Action::complete;
    if (step.action != Action::execute && step.action != wanted)
      return refuse("bad-action", "what follows is " + std::string(text(wanted)));
    if (!step.form) return refuse("bad-payload", "the form of this step is missing");
    if (isChoosing) {
      const auto* field = step.form->field(methodField);
      const auto chosen = field ? field->text() : std::string();
      const auto* method = methodIn(named.found, chosen);
      if (!method) return choose(std::move(at), named.found, "choose one of the methods in the list", reply);
      at.session.method = chosen;
      return argue(std::move(at), *method, true, reply);
    }
    const auto* method = methodIn(named.found, at.session.method);
    if (!method) return run(std::move(at), {}, {}, {}, reply);  // it is gone, or not granted any more
    run(std::move(at), *method, step.form, mayChoose, reply);
  }

  void choose(At at, const Callable& of, const std::string& wrong, const xmpp::IqReply& reply) {
    if (of.methods.empty()) return reply.error(xmpp::itemNotFound);
    Stage stage{at.session.node, at.id, Stage::Status::executing, {Action::next}};
    if (!wrong.empty()) stage.notes.push_back({"error", wrong});
    stage.form = choiceForm(of, wrong);
    show(at, stage, reply);
  }

  // Asks for the arguments, if there are any.
  void argue(At at, const qi::MetaMethod& method, bool mayGoBack, const xmpp::IqReply& reply) {
    if (parametersOf(method).size() == 0) return run(std::move(at), method, {}, {}, reply);
    ask(at, method, nullptr, {}, mayGoBack, reply);
  }

  void ask(const At& at, const qi::MetaMethod& method, const DataForm* filled, const std::optional<Error>& wrong,
           bool mayGoBack, const xmpp::IqReply& reply) {
    Stage stage{at.session.node, at.id, Stage::Status::executing};
    if (mayGoBack) stage.actions.push_back(Action::prev);
    stage.actions.push_back(Action::complete);
    if (wrong) stage.notes.push_back(noteOf(*wrong));
    stage.form = argumentForm(at.service, method, filled, wrong ? wrong->cause : std::string());
    show(at, stage, reply);
  }

  void show(const At& at, const Stage& stage, const xmpp::IqReply& reply) {
    if (!sessions.keep(at.id, at.session, steady_clock::now()))
      return reply.error(Error{Code::overloaded, "too many commands wait for their next step", "try again later"});
    reply.result(command::stageResult(stage));
  }

  // ---- The call. ----

  void run(At at, const std::optional<qi::MetaMethod>& method, const std::optional<DataForm>& form, bool mayGoBack,
           const xmpp::IqReply& reply) {
    const auto texts = method && form ? argumentsIn(*form, *method) : std::vector<std::string>();
    XmppRequests::Request request{.from = at.session.from,
                                  .door = commandDoor,
                                  .verb = Verb::call,
                                  .service = at.service,
                                  .member = nameIn(at.session.method),
                                  .work = requests->calling(at.service, at.session.method, texts),
                                  .changes = true,
                                  .arguments = XmppRequests::recorded(texts)};
    requests->ask(std::move(request), [self = shared_from_this(), at, method, form, mayGoBack,
                                       reply](const XmppRequests::Outcome& outcome) {
      if (outcome) return reply.result(completed(at, *outcome));
      const auto& error = outcome.error();
      if (isAbsent(error)) return reply.error(error);
      if (isBadInput(error) && form) return self->ask(at, *method, &*form, error, mayGoBack, reply);
      reply.result(command::stageResult({at.session.node, at.id, Stage::Status::completed, {}, {noteOf(error)}}));
    });
  }

  static Element completed(const At& at, const Element& outcome) {
    Stage stage{at.session.node, at.id, Stage::Status::completed};
    const auto place = at.service + "." + nameIn(at.session.method);
    const auto value = xmpp::rpc::readValue(outcome);
    if (!value)
      stage.notes.push_back(noteOf(value.error()));
    else if (value->signature().kind() == qi::Kind::void_)
      stage.notes.push_back({"info", place + ": done"});
    else
      stage.form = resultForm(place, *value);
    return command::stageResult(stage);
  }
};

CommandDoor::CommandDoor(std::shared_ptr<XmppRequests> requests)
    : state_(std::make_shared<State>(std::move(requests))) {}

std::set<std::string> CommandDoor::features() {
  return {std::string(command::ns), std::string(command::itemsNs), std::string(DataForm::ns)};
}

void CommandDoor::open(xmpp::Client& client) {
  state_->client = &client;
  const auto handled = [state = state_](auto handler) {
    return [state, handler](const xmpp::IqRequest& asked, const xmpp::IqReply& reply) {
      ((*state).*handler)(asked, reply);
    };
  };
  client.handle("get", "query", command::itemsNs, handled(&State::items));
  client.handle("set", "command", command::ns, handled(&State::step));
  client.describeNodes(handled(&State::info));
}

}  // namespace beckon::gateway
