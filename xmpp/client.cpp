#include "xmpp/client.hpp"

#include "xmpp/requests.hpp"
#include "xmpp/retry.hpp"
#include "xmpp/roster.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>
#include <tuple>
#include <utility>

namespace beckon::xmpp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The server's own answer; it has the roster at hand.
constexpr milliseconds rosterDeadline{10000};
// A session that lasted this long was a success: then the next retry starts from the shortest wait again. Two robots
// that throw each other off the same account come to rest instead.
constexpr milliseconds lasting{10000};

bool hopeless(run::Code code) {
  return code == run::Code::notAuthenticated || code == run::Code::badCertificate || code == run::Code::invalidConfig ||
         code == run::Code::refused;
}

Element iq(std::string_view type, std::string_view id, std::string_view to) {
  Element out("iq", std::string(ns::client));
  out.set("type", type).set("id", id);
  if (!to.empty()) out.set("to", to);
  return out;
}

}  // namespace

struct Client::State : std::enable_shared_from_this<Client::State> {
  asio::any_io_executor executor;
  StreamFactory streams;
  Config config;
  run::Log log;
  Disco disco;
  Caps caps;
  std::shared_ptr<const Events> events;  // shared: an event may stop the client
  std::map<std::tuple<std::string, std::string, std::string>, IqHandler> handlers;

  Requests requests;
  Retry retry;
  asio::steady_timer timer;
  std::unique_ptr<Stream> stream;
  Roster roster;  // made anew for each stream
  Jid self;
  std::map<Jid, Presence> present;
  unsigned long epoch = 0;  // counts streams
  bool online = false, stopped = false;
  steady_clock::time_point onlineSince;

  State(asio::any_io_executor executor_, StreamFactory streams_, Config config_, run::Log log_)
      : executor(std::move(executor_)),
        streams(std::move(streams_)),
        config(std::move(config_)),
        log(std::move(log_)),
        requests(executor),
        retry(config.firstRetry, config.longestRetry, std::random_device{}()),
        timer(executor),
        roster(config.contacts) {
    disco.identities = {config.identity};
    disco.features = config.features;
    for (const auto feature : {ns::discoInfo, ns::caps, ns::ping, ns::version}) disco.features.emplace(feature);
    caps = {config.node, capsHash(disco)};
    answerStandardRequests();
  }

  // ---- The stream's life: this is all that reconnects. ----

  void connect() {
    ++epoch;
    roster = Roster(config.contacts);
    const std::weak_ptr<State> weak = shared_from_this();
    try {
      stream = streams();
      startStream(weak);
    } catch (const std::system_error& problem) {  // no descriptor, no thread: the next attempt may find one
      stream.reset();
      const run::Error why{run::Code::overloaded, std::string("the computer refuses a new stream: ") + problem.what(),
                           "raise its limits, or stop what uses them up"};
      boost::asio::post(executor, [weak, why] {
        if (const auto state = weak.lock(); state && !state->stopped) state->closed(why);
      });
    }
  }

  void startStream(const std::weak_ptr<State>& weak) {
    const auto with = [weak](auto body) {
      return [weak, body](auto&&... arguments) {
        if (const auto state = weak.lock()) body(*state, std::forward<decltype(arguments)>(arguments)...);
      };
    };
    stream->start({with([](State& state, const Jid& jid) { state.bound(jid); }),
                   with([](State& state, Element stanza) { state.received(stanza); }),
                   with([](State& state, const run::Error& why) { state.closed(why); })});
  }

  void bound(const Jid& jid) {
    self = jid;
    // RFC 6121 section 2.2: the roster first, so that the server sends subscription requests and changes.
    ask("get", Jid(), Roster::request(), rosterDeadline, [weak = weak_from_this()](run::Result<Element> answer) {
      const auto state = weak.lock();
      if (!state || state->stopped || (!answer && answer.error().code == run::Code::connectionLost)) return;
      if (!answer) state->log->warn("the server gives no roster: {}", answer.error().cause);
      const auto* query = answer ? answer->child("query", ns::roster) : nullptr;
      state->announce(query ? *query : Element());
    });
  }

  void announce(const Element& query) {
    Element presence("presence", std::string(ns::client));
    presence.add(caps.element());
    for (const auto& payload : config.payload) presence.add(payload);
    sendOrLog(presence);
    for (const auto& stanza : roster.loaded(query)) sendOrLog(stanza);
    online = true;
    onlineSince = steady_clock::now();
    log->info("online as {}", self.text());
    const auto keep = events;
    if (keep->online) keep->online(self);
  }

  void closed(const run::Error& why) {
    if (online && steady_clock::now() - onlineSince >= lasting) retry.succeeded();
    const auto keep = events;
    goOffline();
    stream.reset();
    requests.fail({run::Code::connectionLost, "the connection to the server was lost while the answer was awaited",
                   "try again: the call may or may not have been carried out"});
    if (stopped) return;
    const auto delay = retry.next(hopeless(why.code));
    log->warn("offline: {}; next attempt in {} ms", why.cause, delay.count());
    timer.expires_after(delay);
    timer.async_wait([weak = weak_from_this(), current = epoch](boost::system::error_code error) {
      const auto state = weak.lock();
      if (!error && state && !state->stopped && state->epoch == current) state->connect();
    });
    if (keep->offline) keep->offline(why, delay);
  }

  void goOffline() {
    online = false;
    const auto keep = events;
    for (auto& [jid, presence] : std::exchange(present, {})) {
      Element gone("presence", std::string(ns::client));
      gone.set("type", "unavailable").set("from", jid.text());
      if (!stopped && keep->presence) keep->presence({jid, false, std::nullopt, std::move(gone)});
    }
    self = {};
  }

  void stop() {
    if (std::exchange(stopped, true)) return;
    timer.cancel();
    if (stream) {
      if (online) sendOrLog(Element("presence", std::string(ns::client)).set("type", "unavailable"));
      stream->stop();
    }
    goOffline();
    requests.fail({run::Code::connectionLost, "stopped while the answer was awaited", ""});
  }

  // ---- Stanzas that come in. ----

  void received(const Element& stanza) {
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
    if (!from) return;
    IqReply reply(std::make_shared<IqReply::State>(weak_from_this(), epoch, std::string(sender),
                                                   std::string(stanza.attribute("id"))));
    // RFC 6120 section 8.2.3: get and set have exactly one child.
    if ((type != "get" && type != "set") || stanza.children.size() != 1)
      return reply.error(familiar(*from) ? badRequest : serviceUnavailable);
    const auto& payload = stanza.children.front();
    const auto found = handlers.find({std::string(type), payload.name, payload.xmlns});
    if (found == handlers.end()) return reply.error(serviceUnavailable);
    const auto handler = found->second;  // it may replace itself
    handler({*from, payload}, reply);
  }

  void receivedPresence(const Element& stanza) {
    const auto from = Jid::parse(stanza.attribute("from"));
    if (!from || *from == self) return;
    const auto type = stanza.attribute("type");
    if (type == "subscribe") {
      for (const auto& answer : roster.asked(stanza)) sendOrLog(answer);
      return;
    }
    // A stranger can send presence to whom he likes; it means nothing here.
    if (!familiar(*from)) return;
    const auto keep = events;
    if (type.empty()) {
      const Presence presence{*from, true, Caps::read(stanza), stanza};
      present.insert_or_assign(*from, presence);
      if (keep->presence) keep->presence(presence);
    } else if (type == "unavailable") {
      std::vector<Jid> gone;  // from a bare address: the server speaks for all of the account
      for (const auto& [jid, presence] : present)
        if (jid == *from || (from->isBare() && jid.bare() == *from)) gone.push_back(jid);
      for (const auto& jid : gone) {
        present.erase(jid);
        if (!stopped && keep->presence) keep->presence({jid, false, std::nullopt, stanza});
      }
    }
  }

  bool familiar(const Jid& jid) const { return jid.bare() == self.bare() || jid == self.server() || roster.lists(jid); }

  void answerStandardRequests() {
    const auto answer = [this](std::string_view type, std::string_view name, std::string_view xmlns, auto body) {
      handlers[{std::string(type), std::string(name), std::string(xmlns)}] = [this, body](const IqRequest& request,
                                                                                          const IqReply& reply) {
        if (familiar(request.from))
          body(request, reply);
        else
          reply.error(serviceUnavailable);
      };
    };
    answer("get", "query", ns::discoInfo, [this](const IqRequest& request, const IqReply& reply) {
      const auto node = request.payload.attribute("node");
      if (!node.empty() && node != caps.node + "#" + caps.ver) return reply.error(itemNotFound);
      reply.result(disco.query(node));
    });
    answer("get", "ping", ns::ping, [](const IqRequest&, const IqReply& reply) { reply.result(); });
    answer("get", "query", ns::version, [this](const IqRequest&, const IqReply& reply) {
      reply.result(Element("query", std::string(ns::version))
                       .add(Element("name", {}, config.software))
                       .add(Element("version", {}, config.version)));
    });
    answer("set", "query", ns::roster, [this](const IqRequest& request, const IqReply& reply) {
      // RFC 6121 section 2.1.6: from our own account only.
      if (request.from != self.bare()) return reply.error(serviceUnavailable);
      roster.changed(request.payload);
      reply.result();
    });
  }

  // ---- Stanzas that go out. ----

  run::Result<> send(const Element& stanza) {
    if (!stream)
      return run::Error{run::Code::connectionLost, "there is no connection to the server", "try again later"};
    return stream->send(stanza);
  }

  void sendOrLog(const Element& stanza) {
    if (const auto sent = send(stanza); !sent) log->warn("a {} was not sent: {}", stanza.name, sent.error().cause);
  }

  void ask(std::string_view type, const Jid& to, Element payload, milliseconds deadline, Answer answer) {
    const auto id = requests.open(to, deadline, std::move(answer));
    auto stanza = iq(type, id, to.text());
    stanza.add(std::move(payload));
    if (const auto sent = send(stanza); !sent) requests.fail(id, sent.error());
  }
};

struct IqReply::State {
  std::weak_ptr<Client::State> client;
  unsigned long epoch;
  std::string to, id;
  bool answered = false;

  State(std::weak_ptr<Client::State> client_, unsigned long epoch_, std::string to_, std::string id_)
      : client(std::move(client_)), epoch(epoch_), to(std::move(to_)), id(std::move(id_)) {}
  ~State() { error({"wait", "internal-server-error", "", "", ""}); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<Client::State> open() const {
    const auto state = answered ? nullptr : client.lock();
    return state && state->stream && !state->stopped && state->epoch == epoch ? state : nullptr;
  }

  void result(const Element* payload) {
    const auto state = open();
    answered = true;
    if (!state) return;
    auto stanza = iq("result", id, to);
    if (payload) stanza.add(*payload);
    const auto sent = state->send(stanza);
    if (sent) return;
    answered = sent.error().code == run::Code::connectionLost;
    error(StanzaError::from(sent.error()));
  }

  void error(const StanzaError& why) {
    const auto state = open();
    answered = true;
    if (state) state->sendOrLog(iq("error", id, to).add(why.element()));
  }
};

void IqReply::result(Element payload) const { state_->result(&payload); }
void IqReply::result() const { state_->result(nullptr); }
void IqReply::error(const StanzaError& error) const { state_->error(error); }
void IqReply::error(const run::Error& error) const { state_->error(StanzaError::from(error)); }
bool IqReply::open() const { return state_->open() != nullptr; }

Client::Client(asio::any_io_executor executor, StreamFactory streams, Config config, run::Log log)
    : state_(std::make_shared<State>(std::move(executor), std::move(streams), std::move(config), std::move(log))) {}

Client::~Client() { stop(); }

void Client::start(Events events) {
  state_->events = std::make_shared<const Events>(std::move(events));
  state_->connect();
}

void Client::stop() { state_->stop(); }

bool Client::online() const { return state_->online; }
const Jid& Client::self() const { return state_->self; }
const std::map<Jid, Presence>& Client::present() const { return state_->present; }

void Client::get(const Jid& to, Element payload, milliseconds deadline, Answer answer) {
  state_->ask("get", to, std::move(payload), deadline, std::move(answer));
}

void Client::set(const Jid& to, Element payload, milliseconds deadline, Answer answer) {
  state_->ask("set", to, std::move(payload), deadline, std::move(answer));
}

void Client::handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler) {
  state_->handlers.insert_or_assign({std::string(type), std::string(name), std::string(xmlns)}, std::move(handler));
}

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
