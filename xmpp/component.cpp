#include "xmpp/component.hpp"

#include "xmpp/reconnector.hpp"
#include "xmpp/requests.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>
#include <utility>
#include <variant>

namespace beckon::xmpp {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

Reconnector::Settings reconnectorSettings(const Component::Config& config) {
  return {config.firstRetry, config.longestRetry, config.longestAttempt, config.longestSilence, config.pingDeadline};
}

Disco disco(const Component::Config& config) {
  Disco out{{config.identity}, config.features, {}};
  out.identities.insert(out.identities.end(), config.others.begin(), config.others.end());
  for (const auto feature : {ns::discoInfo, ns::ping}) out.features.emplace(feature);
  return out;
}

}  // namespace

// The shell around what decides: carries out what the reconnector says, leads what comes in to whom it is for, and has
// the one timer.
struct Component::State : std::enable_shared_from_this<Component::State> {
  Config config;
  run::Log log;
  std::shared_ptr<const Events> events = std::make_shared<const Events>();  // shared: an event may stop the component

  Reconnector reconnector;
  Requests requests;
  Responder responder;
  asio::steady_timer timer;
  steady_clock::time_point wakesAt = steady_clock::time_point::max();

  // Of the stream that is there:
  std::unique_ptr<Stream> stream;
  std::shared_ptr<IqReply::Line> line;
  bool stopped = false;

  State(const asio::any_io_executor& executor, Config config_, run::Log log_)
      : config(std::move(config_)),
        log(std::move(log_)),
        reconnector(reconnectorSettings(config), std::random_device{}()),
        requests(executor),
        timer(executor) {
    // Of the domain only: which of its other addresses exist, its owner knows.
    const auto get = [this](std::string_view name, std::string_view xmlns, auto body) {
      responder.handle("get", name, xmlns, [this, body](const IqRequest& request, const IqReply& reply) {
        if (request.to == config.domain)
          body(request, reply);
        else
          reply.error(serviceUnavailable);
      });
    };
    get("query", ns::discoInfo, [query = disco(config).query()](const IqRequest& request, const IqReply& reply) {
      if (request.payload.attribute("node").empty())
        reply.result(query);
      else
        reply.error(itemNotFound);
    });
    get("ping", ns::ping, [](const IqRequest&, const IqReply& reply) { reply.result(); });
  }

  // ---- What is to be done. ----

  void perform(const Reconnector::Action& action) {
    if (action) std::visit([this](const auto& kind) { carryOut(kind); }, *action);
    if (!stopped) arm();
  }

  void carryOut(const Reconnector::Open&) {
    const auto with = [weak = weak_from_this()](auto body) {
      return [weak, body](auto&&... arguments) {
        const auto state = weak.lock();
        if (state && !state->stopped) body(*state, std::forward<decltype(arguments)>(arguments)...);
      };
    };
    line = std::make_shared<IqReply::Line>([this](const Element& stanza) { return deliver(stanza); });
    stream = config.streams();
    stream->start({with([](State& state, const Jid&) { state.cameOnline(); }),
                   with([](State& state, const Element& stanza) { state.received(stanza); }),
                   with([](State& state, const run::Error& why) {
                     state.perform(state.reconnector.closed(why, steady_clock::now()));
                   })});
  }

  // Any stanza is the sign of life that is awaited, so the answer itself says no more.
  void carryOut(const Reconnector::Ping&) {
    ask("get", config.server, Element("ping", std::string(ns::ping)), config.pingDeadline, [](auto&&) {}, {});
  }

  void carryOut(const Reconnector::Close& action) {
    log->warn("the component {} is offline: {}; next attempt in {} ms", config.domain.text(), action.why.cause,
              action.retryIn.count());
    const auto keep = events;
    stream.reset();
    forgetStream();
    if (!stopped && keep->offline) keep->offline(action.why, action.retryIn);
  }

  void cameOnline() {
    log->info("online as the component {}", config.domain.text());
    reconnector.cameOnline(steady_clock::now());
    arm();
    const auto keep = events;
    if (keep->online) keep->online();
  }

  void forgetStream() {
    line.reset();
    requests.fail({run::Code::connectionLost,
                   stopped ? "stopped while the answer was awaited"
                           : "the connection to the server was lost while the answer was awaited",
                   stopped ? "" : "try again: the call may or may not have been carried out"});
  }

  void stop() {
    if (std::exchange(stopped, true)) return;
    timer.cancel();
    reconnector.stop();
    if (stream) stream->stop();
    forgetStream();
  }

  // One timer for all deadlines. It is set only to come earlier: where a deadline has moved on, as it does with each
  // stanza, it finds nothing to do.
  void arm() {
    const auto next = reconnector.nextDeadline().value_or(steady_clock::time_point::max());
    if (next >= wakesAt) return;
    wakesAt = next;
    timer.expires_at(next);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto state = weak.lock();
      if (error || !state || state->stopped) return;
      state->wakesAt = steady_clock::time_point::max();
      state->perform(state->reconnector.tick(steady_clock::now()));
    });
  }

  // ---- Stanzas that come in. ----

  void received(const Element& stanza) {
    reconnector.heard(steady_clock::now());
    arm();  // earlier, if the answer to a ping was awaited longer than silence is
    const auto keep = events;
    if (stanza.name == "iq") return receivedIq(stanza);
    if (stanza.name == "presence" && keep->presence) return keep->presence(stanza);
    if (stanza.name == "message" && keep->message) keep->message(stanza);
  }

  void receivedIq(const Element& stanza) {
    const auto type = stanza.attribute("type");
    if (type == "result" || type == "error") return requests.answered(stanza, config.domain);
    const auto from = Jid::parse(stanza.attribute("from")), to = Jid::parse(stanza.attribute("to"));
    if (from && to && to->domain() == config.domain.domain()) responder.received(stanza, *from, true, line, *to);
  }

  // ---- Stanzas that go out. ----

  run::Result<> send(Element stanza) {
    if (stanza.attribute("from").empty()) stanza.set("from", config.domain.text());
    return deliver(stanza);
  }

  run::Result<> deliver(const Element& stanza) {
    const auto from = Jid::parse(stanza.attribute("from"));
    if (!from || from->domain() != config.domain.domain())
      return run::Error{run::Code::invalidArgument,
                        "'" + std::string(stanza.attribute("from")) + "' is no address of " + config.domain.text(),
                        "send from an address of the component's domain"};
    if (stanza.attribute("to").empty())
      return run::Error{run::Code::invalidArgument, "a stanza of a component needs an address that it goes to",
                        "say whom it is for"};
    if (!stream)
      return run::Error{run::Code::connectionLost, "there is no connection to the server", "try again later"};
    return stream->send(stanza);
  }

  void ask(std::string_view type, const Jid& to, Element payload, milliseconds deadline, Answer answer,
           const Jid& from) {
    const auto id = requests.open(to, deadline, std::move(answer));
    auto stanza = iqStanza(type, id, to.text()).add(std::move(payload));
    if (!from.empty()) stanza.set("from", from.text());
    if (const auto sent = send(std::move(stanza)); !sent) requests.fail(id, sent.error());
  }
};

Component::Component(asio::any_io_executor executor, Config config, run::Log log)
    : state_(std::make_shared<State>(executor, std::move(config), std::move(log))) {}

Component::~Component() { stop(); }

void Component::start(Events events) {
  if (state_->stopped) return;
  state_->events = std::make_shared<const Events>(std::move(events));
  state_->perform(state_->reconnector.start(steady_clock::now()));
}

void Component::stop() { state_->stop(); }
bool Component::online() const { return state_->reconnector.online(); }
const Jid& Component::domain() const { return state_->config.domain; }
const Jid& Component::server() const { return state_->config.server; }

void Component::get(const Jid& to, Element payload, milliseconds deadline, Answer answer, const Jid& from) {
  state_->ask("get", to, std::move(payload), deadline, std::move(answer), from);
}

void Component::set(const Jid& to, Element payload, milliseconds deadline, Answer answer, const Jid& from) {
  state_->ask("set", to, std::move(payload), deadline, std::move(answer), from);
}

void Component::handle(std::string_view type, std::string_view name, std::string_view xmlns, IqHandler handler) {
  state_->responder.handle(type, name, xmlns, std::move(handler));
}

run::Result<> Component::send(Element stanza) { return state_->send(std::move(stanza)); }

asio::awaitable<run::Result<Element>> Component::get(Jid to, Element payload, milliseconds deadline, Jid from) {
  return ask("get", std::move(to), std::move(payload), deadline, std::move(from));
}

asio::awaitable<run::Result<Element>> Component::set(Jid to, Element payload, milliseconds deadline, Jid from) {
  return ask("set", std::move(to), std::move(payload), deadline, std::move(from));
}

asio::awaitable<run::Result<Element>> Component::ask(std::string_view type, Jid to, Element payload,
                                                     milliseconds deadline, Jid from) {
  const auto state = state_;
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(run::Result<Element>)>(
      [&](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        state->ask(
            type, to, std::move(payload), deadline,
            [shared](run::Result<Element> answer) { (*shared)(std::move(answer)); }, from);
      },
      asio::use_awaitable);
}

}  // namespace beckon::xmpp
