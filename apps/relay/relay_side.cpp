#include "apps/relay/relay_side.hpp"

#include "fleet/enrolment.hpp"
#include "localbus/tls_self_signed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace beckon::apps {

using run::Code;
using run::Error;
using run::Result;
using std::chrono::steady_clock;

namespace {

unsigned statusOf(Code code) {
  switch (code) {
    case Code::protocolError:
    case Code::invalidArgument:
    case Code::invalidConfig:
      return 400;
    case Code::badCode:
    case Code::badStatement:
      return 403;
    case Code::nameTaken:
      return 409;
    case Code::overloaded:
      return 429;
    default:
      return 503;  // the XMPP server, or the disk
  }
}

}  // namespace

Result<fleet::Code::Place> prepare(const RelaySettings& settings) {
  std::error_code problem;
  if (std::filesystem::create_directories(settings.state, problem))
    std::filesystem::permissions(settings.state, std::filesystem::perms::owner_all, problem);
  if (problem)
    return Error{Code::invalidConfig, "cannot make " + settings.state.string() + ": " + problem.message(),
                 "choose another folder: relay.state"};
  if (settings.isSelfSigned)
    if (const auto made = localbus::makeSelfSigned(settings.own); !made) return made.error();
  const auto tls = localbus::TlsContext::server({.own = settings.own});
  if (!tls) return tls.error();
  auto place = settings.place;
  if (settings.isSelfSigned) place.pin = tls->ownKey();
  return place;
}

Result<std::string> makeOwnerCode(relay::FleetStore& store, const fleet::Code::Place& place,
                                  std::chrono::seconds lifetime) {
  auto leadingHere = place;
  leadingHere.kind = fleet::Kind::owner;
  const auto code = fleet::Code::make(std::move(leadingHere));
  const auto now = policy::wallClock();
  relay::KeptCode kept;
  kept.hash = fleet::Code::hashOf(code.ticket());
  kept.fleet = place.fleet;
  kept.kind = fleet::Kind::owner;
  const auto before = store.owner(place.fleet);
  if (!before) return before.error();
  if (*before) kept.account = (*before)->account;
  kept.made = now;
  kept.ends = now + lifetime;
  if (const auto added = store.add(kept, now); !added) return added.error();
  return code.text();
}

RelaySide::RelaySide(boost::asio::io_context& io, RelaySettings settings, run::Log log)
    : io_(io), settings_(std::move(settings)), log_(std::move(log)), stopped_(io, steady_clock::time_point::max()) {}

boost::asio::awaitable<Result<>> RelaySide::run() {
  const auto opened = open();
  if (opened) co_await stopped_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  close();
  co_return opened;
}

Result<> RelaySide::open() {
  auto place = prepare(settings_);
  if (!place) return place.error();
  const auto tls = localbus::TlsContext::server({.own = settings_.own});
  if (!tls) return tls.error();
  auto store = relay::FleetStore::open(settings_.state / relay::FleetStore::fileName);
  if (!store) return store.error();
  store_.emplace(std::move(*store));

  xmpp::Component::Config config;
  config.domain = settings_.component.domain;
  config.server = settings_.domain;
  config.streams = [this] { return xmpp::makeComponentStream(io_.get_executor(), settings_.component, log_); };
  if (settings_.bytestreams.listen) {
    config.others.push_back(relay::BytestreamDoor::identity());
    config.features.emplace(xmpp::bytestreams::ns);
  }
  if (settings_.turn) config.features.emplace(relay::TurnDoor::ns);
  component_.emplace(io_.get_executor(), std::move(config), log_);
  accounts_.emplace(*component_, settings_.domain);
  registrar_.emplace(*store_, *accounts_,
                     relay::Registrar::Place{settings_.clientHost, settings_.clientPort, settings_.clientAuthorities,
                                             settings_.component.domain.text()},
                     log_);

  https_.emplace(io_,
                 std::vector<relay::HttpsService::Route>{
                     {"POST", fleet::enrolmentPath,
                      [this](const relay::HttpRequest& request, const relay::HttpsService::Reply& reply) {
                        enrol(request, reply);
                      }}},
                 log_);
  const auto listening = https_->start(settings_.listen, *tls);
  if (!listening) return listening.error();
  if (place->port == 0) place->port = listening->port;
  door_.emplace(io_.get_executor(), *component_, *store_, *registrar_, *place, log_);
  door_->open();
  std::cout << "ready https://" << place->host << ":" << place->port << std::endl;
  if (const auto opened = openBytestreams(); !opened) return opened.error();
  if (settings_.turn) turn_.emplace(*component_, *store_, *registrar_, *settings_.turn).open();
  const auto owner = store_->owner(place->fleet);
  if (!owner) return owner.error();
  if (!*owner) {
    const auto code = makeOwnerCode(*store_, *place, ownerCodeLifetime);
    if (!code) return code.error();
    std::cout << "owner " << *code << std::endl;
  }
  component_->start({
      .online =
          [this] {
            door_->online();
            std::cout << "online " << settings_.component.domain.text() << std::endl;
          },
      .offline =
          [this](const Error& why, std::chrono::milliseconds retryIn) {
            log_->warn("offline ({}): {}; {}; trying again in {} ms", run::codeText(why.code), why.cause, why.nextStep,
                       retryIn.count());
          },
      .presence = {},
      .message = [this](const xmpp::Element& message) { door_->received(message); },
  });
  return {};
}

Result<> RelaySide::openBytestreams() {
  const auto& settings = settings_.bytestreams;
  if (!settings.listen) return {};
  usage_.emplace(*store_, settings.bytesADay);
  relay::BytestreamProxy::Options options;
  options.tickets = settings.limits;
  options.putOut = [this](const std::set<std::string>& accounts) { return putOutOf(accounts); };
  proxy_.emplace(io_, *usage_, log_, options);
  const auto listening = proxy_->start(*settings.listen);
  if (!listening) return listening.error();
  const auto port = settings.port != 0 ? settings.port : listening->port();
  bytestreams_.emplace(*component_, *store_, *registrar_, *proxy_,
                       xmpp::bytestreams::Host{settings_.component.domain, settings.host, port, 0,
                                               static_cast<std::uint32_t>(settings.limits.inAll)},
                       log_);
  bytestreams_->open();
  registrar_->onPutOut([this](const std::string& account) { proxy_->endOf(account); });
  std::cout << "bytestreams " << *listening << std::endl;
  return {};
}

// Those that are members no more, if somebody else has changed what is known of them.
std::set<std::string> RelaySide::putOutOf(const std::set<std::string>& accounts) {
  std::set<std::string> out;
  const auto changed = store_->isChangedByOthers();
  if (!changed || !*changed) return out;
  for (const auto& account : accounts)
    if (const auto member = store_->member(account); member && !*member) out.insert(account);
  return out;
}

void RelaySide::enrol(const relay::HttpRequest& request, const relay::HttpsService::Reply& reply) {
  const auto refuse = [reply](const Error& error) { reply({statusOf(error.code), fleet::errorJson(error)}); };
  const auto read = fleet::EnrolmentRequest::read(request.body);
  if (!read) return refuse(read.error());
  const auto enrolling = [this, request = *read, address = request.address, reply,
                          refuse]() -> boost::asio::awaitable<void> {
    const auto answer = co_await registrar_->enrol(request, address);
    if (answer)
      reply({200, answer->json()});
    else
      refuse(answer.error());
  };
  boost::asio::co_spawn(io_, enrolling, boost::asio::detached);
}

void RelaySide::close() {
  if (https_) https_->stop();
  if (proxy_) proxy_->stop();
  if (component_) component_->stop();
}

void RelaySide::stop() { stopped_.expires_at(steady_clock::time_point::min()); }

}  // namespace beckon::apps
