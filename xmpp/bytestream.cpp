#include "xmpp/bytestream.hpp"

#include "core/run/completion.hpp"
#include "xmpp/socks5.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace beckon::xmpp {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using run::Code;
using run::completion;
using run::Error;
using run::Result;

namespace {

// Of one who is asked to connect, for all of it.
constexpr std::chrono::milliseconds answerTime{10000};

Error noWay(const std::string& where, error_code problem) {
  if (problem == boost::beast::error::timeout)
    return {Code::timedOut, where + " did not answer in time", "try again later"};
  return {Code::unreachable, "no connection to " + where + ": " + problem.message(),
          "check that it runs, and that no firewall is in between"};
}

}  // namespace

awaitable<Result<tcp::socket>> connectThrough(std::string host, std::uint16_t port, std::string destination,
                                              std::chrono::milliseconds deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto where = host + " port " + std::to_string(port);
  boost::beast::tcp_stream stream(executor);
  stream.expires_after(deadline);
  tcp::resolver resolver(executor);
  const auto [unknown, found] = co_await resolver.async_resolve(host, std::to_string(port), completion);
  if (unknown) co_return noWay(where, unknown);
  const auto [refused, reached] = co_await stream.async_connect(found, completion);
  if (refused) co_return noWay(where, refused);
  error_code ignored;
  stream.socket().set_option(tcp::no_delay(true), ignored);
  socks5::Client handshake({std::move(destination), 0});
  auto words = handshake.greeting();
  std::array<char, 2 + socks5::longestHost> room;
  for (;;) {
    const auto bytes = asio::buffer(words);
    const auto [unsent, sent] = co_await asio::async_write(stream, bytes, completion);
    if (unsent) co_return noWay(where, unsent);
    if (handshake.wanted() == 0) break;
    const auto wanted = asio::buffer(room, handshake.wanted());
    const auto [ended, size] = co_await asio::async_read(stream, wanted, completion);
    if (ended) co_return noWay(where, ended);
    auto answer = handshake.take({room.data(), size});
    if (!answer) co_return answer.error();
    words = std::move(*answer);
  }
  co_return stream.release_socket();
}

Bytestreams::Bytestreams(asio::any_io_executor executor, Client& client, std::vector<Jid> relays, run::Log log)
    : executor_(std::move(executor)), client_(client), relays_(std::move(relays)), log_(std::move(log)) {}

void Bytestreams::accept(IsWanted isWanted, Arrived arrived) {
  const auto offered = [this, alive = std::weak_ptr(alive_), isWanted = std::move(isWanted),
                        arrived = std::move(arrived)](const IqRequest& request, const IqReply& reply) {
    if (alive.expired() || !isWanted(request.from)) return reply.error(serviceUnavailable);
    asio::co_spawn(executor_, answer(request, reply, arrived), asio::detached);
  };
  client_.handle("set", "query", bytestreams::ns, offered);
}

awaitable<void> Bytestreams::answer(IqRequest request, IqReply reply, Arrived arrived) {
  const std::weak_ptr<void> alive = alive_;
  const auto log = log_;
  const auto patience = shareOf(answerTime);
  const auto offer = bytestreams::readOffer(request.payload);
  if (!offer) co_return reply.error(offer.error());
  const auto known = std::find_if(offer->hosts.begin(), offer->hosts.end(), [this](const bytestreams::Host& host) {
    return std::find(relays_.begin(), relays_.end(), host.jid) != relays_.end();
  });
  if (known == offer->hosts.end()) co_return reply.error(itemNotFound);
  const auto relay = known->jid;
  const bytestreams::Session session{offer->sid, request.from, client_.self()};
  auto asking = client_.get(relay, bytestreams::hostRequest(), patience);
  const auto told = co_await std::move(asking);
  if (!told) co_return reply.error(told.error());
  const auto* query = told->child("query", bytestreams::ns);
  const auto host = bytestreams::readHostAnswer(query ? *query : Element());
  if (!host) co_return reply.error(host.error());
  auto connecting = connectThrough(host->host, host->port, session.hash(), patience);
  auto socket = co_await std::move(connecting);
  if (!socket) {
    log->warn("a stream of {} does not come about: {}", request.from.text(), socket.error().cause);
    co_return reply.error(itemNotFound);
  }
  if (alive.expired()) co_return;
  reply.result(bytestreams::used(session.sid, relay));
  arrived(request.from, std::move(*socket));
}

awaitable<std::vector<bytestreams::Host>> Bytestreams::askRelays(std::chrono::milliseconds deadline) {
  struct Asked {
    explicit Asked(const asio::any_io_executor& executor)
        : all(executor, std::chrono::steady_clock::time_point::max()) {}
    std::vector<bytestreams::Host> hosts;
    std::size_t open = 0;
    asio::steady_timer all;
  };
  const auto asked = std::make_shared<Asked>(executor_);
  asked->open = relays_.size();
  for (const auto& relay : relays_)
    client_.get(relay, bytestreams::hostRequest(), shareOf(deadline), [asked, relay](const Result<Element>& answer) {
      const auto* query = answer ? answer->child("query", bytestreams::ns) : nullptr;
      if (auto host = bytestreams::readHostAnswer(query ? *query : Element())) {
        host->jid = relay;
        asked->hosts.push_back(*host);
      }
      if (--asked->open == 0) asked->all.cancel();
    });
  if (asked->open > 0) co_await asked->all.async_wait(completion);
  std::stable_sort(asked->hosts.begin(), asked->hosts.end(),
                   [](const auto& one, const auto& other) { return one.load() < other.load(); });
  co_return asked->hosts;
}

awaitable<Result<tcp::socket>> Bytestreams::open(Jid target, std::chrono::milliseconds deadline) {
  Result<tcp::socket> out = Error{Code::unreachable, "no relay answers", "check that it runs, or try again later"};
  auto asking = askRelays(deadline);
  const auto hosts = co_await std::move(asking);
  for (const auto& host : hosts) {
    auto opening = openThrough(host.jid, target, deadline);
    out = co_await std::move(opening);
    if (out) break;
    log_->info("no stream to {} through {}: {}", target.text(), host.jid.text(), out.error().cause);
  }
  co_return out;
}

awaitable<Result<tcp::socket>> Bytestreams::openThrough(Jid relay, Jid target, std::chrono::milliseconds deadline) {
  const bytestreams::Session session{bytestreams::Session::newSid(), client_.self(), target};
  if (session.requester.empty()) co_return Error{Code::connectionLost, "not online", "try again later"};
  auto asking = client_.get(relay, bytestreams::ticketRequest(session), shareOf(deadline));
  const auto ticket = co_await std::move(asking);
  if (!ticket) co_return ticket.error();
  const auto* query = ticket->child("query", bytestreams::ns);
  auto host = bytestreams::readHostAnswer(query ? *query : Element());
  if (!host) co_return host.error();
  host->jid = relay;
  const bytestreams::Offer offer{session.sid, {*host}};
  auto offering = client_.set(target, bytestreams::offer(offer), deadline);
  const auto accepted = co_await std::move(offering);
  if (!accepted) co_return accepted.error();
  const auto* answered = accepted->child("query", bytestreams::ns);
  const auto used = bytestreams::readUsed(answered ? *answered : Element());
  if (!used) co_return used.error();
  if (*used != relay)
    co_return Error{Code::protocolError, target.text() + " uses another relay than it was offered", "try again"};
  auto connecting = connectThrough(host->host, host->port, session.hash(), shareOf(deadline));
  auto socket = co_await std::move(connecting);
  if (!socket) co_return socket;
  auto activating = client_.set(relay, bytestreams::activation(session), shareOf(deadline));
  const auto active = co_await std::move(activating);
  if (!active) co_return active.error();
  co_return socket;
}

}  // namespace beckon::xmpp
