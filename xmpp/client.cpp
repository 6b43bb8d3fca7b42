#include "xmpp/client.hpp"

#include "xmpp/caps_verifier.hpp"
#include "xmpp/reconciler.hpp"
#include "xmpp/requests.hpp"
#include "xmpp/self_description.hpp"
#include "xmpp/settling.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <random>
#include <system_error>
#include <utility>

namespace beckon::xmpp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// For what servers and contacts answer without work: roster changes, disco#info.
constexpr milliseconds answerDeadline{10000};

// Whoever lets us wait for his capabilities that long does not hold up others who have the same.
constexpr milliseconds capsPatience{1000};

Reconciler::Settings reconcilerSettings(const Client::Config& config, Element presence) {
  Reconciler::Settings out;
  out.contacts = config.contacts;
  out.ownsRoster = config.ownsRoster;
  out.presence = std::move(presence);
  out.firstRetry = config.firstRetry;
  out.longestRetry = config.longestRetry;
  out.longestAttempt = config.longestAttempt;
  out.longestSilence = config.longestSilence;
  out.pingDeadline = config.pingDeadline;
  return out;
}

}  // namespace

// The shell around what decides: carries out what the reconciler says, leads what comes in to whom it is for, and has
// the one timer.
struct Client::State : std::enable_shared_from_this<Client::State> {
  asio::any_io_executor executor;
  StreamFactory streams;
  Config config;
  run::Log log;
  SelfDescription description;
  std::shared_ptr<const Events> events = std::make_shared<const Events>();  // shared: an event may stop the client

  Reconciler reconciler;
  Requests requests;
  Responder responder;
  CapsVerifier verifier;
  PresenceTable table;
  Settling settling;  // made anew for each stream
  // Questions about capabilities, and when they have been open for long; the earliest first.
  std::deque<std::pair<steady_clock::time_point, CapsVerifier::Question>> capsAsked;
  asio::steady_timer timer;
  steady_clock::time_point wakesAt = steady_clock::time_point::max();

  // Of the stream that is there:
  std::unique_ptr<Stream> stream;
  std::shared_ptr<IqReply::Line> line;
  Jid self;
  bool stopped = false;

  State(asio::any_io_executor executor_, StreamFactory streams_, Config config_, run::Log log_)
      : executor(std::move(executor_)),
        streams(std::move(streams_)),
        config(std::move(config_)),
        log(std::move(log_)),
        description({{config.identity}, config.features, {}}, config.node, config.software, config.version),
        reconciler(reconcilerSettings(config, description.presence(config.payload)), std::random_device{}()),
        requests(executor),
        timer(executor) {
    description.answer(responder, [this](const Jid& asker) { return familiar(asker); });
    responder.handle("set", "query", ns::roster,
                     [this](const IqRequest& request, const IqReply& reply) { rosterPushed(request, reply); });
  }

  // ---- What is to be done. ----

  void perform(const Reconciler::Actions& actions) {
    for (const auto& action : actions) std::visit([this](const auto& kind) { carryOut(kind); }, action);
    if (!stopped) arm();
  }

  void carryOut(const Reconciler::Open&) {
    const std::weak_ptr<State> weak = shared_from_this();
    const auto with = [weak](auto body) {
      return [weak, body](auto&&... arguments) {
        const auto state = weak.lock();
        if (state && !state->stopped) body(*state, std::forward<decltype(arguments)>(arguments)...);
      };
    };
    line = std::make_shared<IqReply::Line>([this](const Element& stanza) { return send(stanza); });
    try {
      stream = streams();
      stream->start({with([](State& state, const Jid& jid) {
                       state.self = jid;
                       state.perform(state.reconciler.bound(jid, steady_clock::now()));
                     }),
                     with([](State& state, const Element& stanza) { state.received(stanza); }),
                     with([](State& state, const run::Error& why) {
                       state.perform(state.reconciler.closed(why, steady_clock::now()));
                     })});
    } catch (const std::system_error& problem) {  // no descriptor, no thread: the next attempt may find one
      stream.reset();
      const run::Error why{run::Code::overloaded, std::string("the computer refuses a new stream: ") + problem.what(),
                           "raise its limits, or stop what uses them up"};
      asio::post(executor, [weak, why, attempt = std::weak_ptr(line)] {
        const auto state = weak.lock();
        if (state && !attempt.expired()) state->perform(state->reconciler.closed(why, steady_clock::now()));
      });
    }
  }

  void carryOut(const Reconciler::AskRoster&) {
    ask("get", Jid(), Roster::request(), Reconciler::rosterDeadline, ours([this](const run::Result<Element>& answer) {
          if (!answer && answer.error().code == run::Code::connectionLost) return;  // as the stream will tell
          if (!answer) log->warn("the server gives no roster: {}", answer.error().cause);
          perform(reconciler.rosterCame(answer ? answer->child("query", ns::roster) : nullptr, steady_clock::now()));
        }));
  }

  void carryOut(const Reconciler::Send& action) { sendOrLog(action.stanza); }

  void carryOut(const Reconciler::ChangeRoster& action) {
    ask("set", Jid(), action.query, answerDeadline, ours([this](const run::Result<Element>& answer) {
          if (!answer) log->warn("the server does not change the roster: {}", answer.error().cause);
        }));
  }

  // Any stanza is the sign of life that is awaited, so the answer itself says no more.
  void carryOut(const Reconciler::Ping&) {
    ask("get", Jid(), Element("ping", std::string(ns::ping)), config.pingDeadline, ours([](auto&&) {}));
  }

  void carryOut(const Reconciler::Online&) {
    log->info("online as {}", self.text());
    awaitPresence();  // the pings go out right behind our presence
    const auto keep = events;
    if (keep->online) keep->online(self);
  }

  void carryOut(const Reconciler::Close& action) {
    log->warn("offline: {}; next attempt in {} ms", action.why.cause, action.retryIn.count());
    const auto keep = events;
    stream.reset();
    forgetStream();
    if (!stopped && keep->offline) keep->offline(action.why, action.retryIn);
  }

  void carryOut(const Reconciler::Leave&) {
    if (stream) stream->stop();
  }

  // What was known from the stream, and what was awaited.
  void forgetStream() {
    line.reset();
    self = {};
    settling = {};
    verifier.streamEnded();
    capsAsked.clear();
    tell(table.clear());
    requests.fail({run::Code::connectionLost,
                   stopped ? "stopped while the answer was awaited"
                           : "the connection to the server was lost while the answer was awaited",
                   stopped ? "" : "try again: the call may or may not have been carried out"});
  }

  void stop() {
    if (std::exchange(stopped, true)) return;
    timer.cancel();
    perform(reconciler.stop());
    forgetStream();
  }

  // One timer for all deadlines. It is set only to come earlier: where a deadline has moved on, as it does with each
  // stanza, it finds nothing to do.
  void arm() {
    auto next = std::min(reconciler.nextDeadline().value_or(steady_clock::time_point::max()),
                         settling.nextDeadline().value_or(steady_clock::time_point::max()));
    if (!capsAsked.empty()) next = std::min(next, capsAsked.front().first);
    if (next >= wakesAt) return;
    wakesAt = next;
    timer.expires_at(next);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto state = weak.lock();
      if (error || !state || state->stopped) return;
      state->wakesAt = steady_clock::time_point::max();
      const auto now = steady_clock::now();
      state->capsDue(now);
      state->settleDue(now);
      if (!state->stopped) state->perform(state->reconciler.tick(now));
    });
  }

  // ---- Stanzas that come in. ----

  void received(const Element& stanza) {
    reconciler.heard(steady_clock::now());
    if (stanza.name == "iq") return receivedIq(stanza);
    if (stanza.name == "presence") return receivedPresence(stanza);
    const auto keep = events;
    if (stanza.name == "message" && keep->message) keep->message(stanza);
  }

  void receivedIq(const Element& stanza) {
    const auto type = stanza.attribute("type");
    if (type == "result" || type == "error") return requests.answered(stanza, self);
    const auto sender = stanza.attribute("from");
    const auto from = sender.empty() ? run::Result<Jid>(self.bare()) : Jid::parse(sender);
    if (from) responder.received(stanza, *from, familiar(*from), line);
  }

  void rosterPushed(const IqRequest& request, const IqReply& reply) {
    // RFC 6121 section 2.1.6: from our own account only.
    if (request.from != self.bare()) return reply.error(serviceUnavailable);
    reply.result();
    perform(reconciler.rosterChanged(request.payload, steady_clock::now()));
    if (reconciler.online()) awaitPresence();
  }

  void receivedPresence(const Element& stanza) {
    const auto from = Jid::parse(stanza.attribute("from"));
    if (!from || *from == self) return;
    const auto type = stanza.attribute("type");
    if (type == "subscribe") return perform(reconciler.askedToSubscribe(stanza, steady_clock::now()));
    // A stranger can send presence to whom he likes; it means nothing here.
    if (!familiar(*from)) return;
    if (type.empty()) {
      perform(reconciler.presenceCame(*from, steady_clock::now()));
      came(Presence::read(*from, stanza));
    } else if (type == "unavailable") {
      verifier.left(*from);
      tell(table.left(Presence::read(*from, stanza)));
      // Prosody says so of anybody as soon as he is asked for a subscription.
      if (!reconciler.roster().mayBeSubscribedTo(*from)) return;
    } else if (type != "unsubscribed" && type != "error") {  // an error: his account or server is not there
      return;
    }
    told(*from);
  }

  void came(Presence presence) {
    if (presence.caps) presence.disco = verifier.known(*presence.caps);
    const auto changes = table.came(presence);
    if (changes.empty()) return;
    if (!presence.caps)
      verifier.left(presence.from);
    else if (const auto question = verifier.came(presence.from, *presence.caps))
      askCaps(*question);
    tell(changes);
  }

  void capsDue(steady_clock::time_point now) {
    while (!capsAsked.empty() && capsAsked.front().first <= now) {
      const auto next = verifier.unanswered(capsAsked.front().second);
      capsAsked.pop_front();
      if (next) askCaps(*next);
    }
  }

  void askCaps(const CapsVerifier::Question& question) {
    capsAsked.emplace_back(steady_clock::now() + capsPatience, question);
    arm();
    ask("get", question.to, question.query(), answerDeadline,
        ours([this, question](const run::Result<Element>& answer) {
          const auto outcome = verifier.answered(question, answer);
          if (!outcome.problem.empty())
            log->warn("the capabilities {} of {} are not verified: {}", question.ver, question.to.text(),
                      outcome.problem);
          if (outcome.next) askCaps(*outcome.next);
          if (outcome.disco) tell(table.verified(question.ver, outcome.disco));
        }));
  }

  void tell(const std::vector<Presence>& changes) {
    const auto keep = events;
    for (const auto& change : changes)
      if (!stopped && keep->presence) keep->presence(change);
  }

  // ---- Whether presence is complete. ----

  // Of whom we are subscribed to. Whoever we have only asked is unknown until he, or his server, has answered.
  void awaitPresence() {
    const auto now = steady_clock::now();
    for (const auto& contact : config.contacts)
      if (reconciler.roster().mayBeSubscribedTo(contact)) settling.await(contact, now);
    settleDue(now);
  }

  void told(const Jid& contact) {
    if (stopped || !lists(contact) || !settling.told(contact)) return;
    const auto keep = events;
    if (keep->settled) keep->settled(contact.bare());
  }

  void settleDue(steady_clock::time_point now) {
    const auto due = settling.tick(now);
    for (const auto& contact : due.ping) {
      const auto answered = ours([this, contact](const run::Result<Element>& answer) {
        if (!answer) return;
        settling.answered(contact, steady_clock::now());
        arm();
      });
      ask("get", contact, Element("ping", std::string(ns::ping)), Settling::pingDeadline, answered,
          Requests::Errors::asTheyAre);
    }
    const auto keep = events;
    for (const auto& contact : due.settled)
      if (!stopped && keep->settled) keep->settled(contact);
  }

  bool lists(const Jid& jid) const { return config.contacts.contains(jid.bare()); }
  bool familiar(const Jid& jid) const { return jid.bare() == self.bare() || jid == self.server() || lists(jid); }

  // ---- Stanzas that go out. ----

  run::Result<> send(const Element& stanza) {
    if (!stream)
      return run::Error{run::Code::connectionLost, "there is no connection to the server", "try again later"};
    return stream->send(stanza);
  }

  void sendOrLog(const Element& stanza) {
    if (const auto sent = send(stanza); !sent) log->warn("a {} was not sent: {}", stanza.name, sent.error().cause);
  }

  void ask(std::string_view type, const Jid& to, Element payload, milliseconds deadline, Answer answer,
           Requests::Errors errors = Requests::Errors::translated) {
    const auto id = requests.open(to, deadline, std::move(answer), errors);
    const auto stanza = iqStanza(type, id, to.text()).add(std::move(payload));
    if (const auto sent = send(stanza); !sent) requests.fail(id, sent.error());
  }

  // For what we ask on our own account: an answer counts as long as the stream is there that we asked by.
  template <class Body>
  Answer ours(Body body) {
    return [weak = weak_from_this(), attempt = std::weak_ptr(line), body](run::Result<Element> answer) {
      const auto state = weak.lock();
      if (state && !attempt.expired()) body(answer);
    };
  }
};

Client::Client(asio::any_io_executor executor, StreamFactory streams, Config config, run::Log log)
    : state_(std::make_shared<State>(std::move(executor), std::move(streams), std::move(config), std::move(log))) {}

Client::~Client() { stop(); }

void Client::start(Events events) {
  if (state_->stopped) return;
  state_->events = std::make_shared<const Events>(std::move(events));
  state_->perform(state_->reconciler.start(steady_clock::now()));
}

void Client::stop() { state_->stop(); }

void Client::setContacts(std::set<Jid> contacts) {
  if (state_->stopped || state_->config.contacts == contacts) return;
  state_->config.contacts = contacts;
  state_->perform(state_->reconciler.setContacts(std::move(contacts), steady_clock::now()));
  if (online()) state_->awaitPresence();
}

void Client::setPayload(const std::vector<Element>& payload) {
  if (!state_->stopped) state_->perform(state_->reconciler.setPresence(state_->description.presence(payload)));
}

void Client::networkChanged() {
  if (!state_->stopped) state_->perform(state_->reconciler.networkChanged(steady_clock::now()));
}

bool Client::online() const { return state_->reconciler.online(); }
const Jid& Client::self() const { return state_->self; }
const std::map<Jid, Presence>& Client::present() const { return state_->table.present(); }
bool Client::settled(const Jid& contact) const { return state_->settling.settled(contact); }

void Client::get(const Jid& to, Element payload, milliseconds deadline, Answer answer) {
  state_->ask("get", to, std::move(payload), deadline, std::move(answer));
}

void Client::set(const Jid& to, Element payload, milliseconds deadline, Answer answer) {
  state_->ask("set", to, std::move(payload), deadline, std::move(answer));
}

void Client::handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler) {
  state_->responder.handle(type, name, xmlns, std::move(handler));
}

void Client::describeNodes(IqHandler handler) { state_->description.describeNodes(std::move(handler)); }

run::Result<> Client::send(const Element& stanza) { return state_->send(stanza); }

asio::awaitable<run::Result<Element>> Client::get(Jid to, Element payload, milliseconds deadline) {
  return ask("get", std::move(to), std::move(payload), deadline);
}

asio::awaitable<run::Result<Element>> Client::set(Jid to, Element payload, milliseconds deadline) {
  return ask("set", std::move(to), std::move(payload), deadline);
}

asio::awaitable<run::Result<Element>> Client::ask(std::string_view type, Jid to, Element payload,
                                                  milliseconds deadline) {
  const auto state = state_;
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(run::Result<Element>)>(
      [&](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        state->ask(type, to, std::move(payload), deadline,
                   [shared](run::Result<Element> answer) { (*shared)(std::move(answer)); });
      },
      asio::use_awaitable);
}

}  // namespace beckon::xmpp
