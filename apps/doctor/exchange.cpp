#include "apps/doctor/exchange.hpp"

#include "core/qi/error_payload.hpp"

namespace beckon::doctor {

using qi::MessageType;
using run::Result;

asio::awaitable<Result<>> Exchange::send(MessageType type, qi::Address to, const qi::Bytes& payload, Deadline until) {
  qi::Header header;
  header.id = ++lastId_;
  header.payloadSize = static_cast<std::uint32_t>(payload.size());
  header.type = type;
  header.address = to;
  const auto head = header.encode();
  qi::Bytes bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  auto sending = stream_.send(std::move(bytes), until);
  co_return co_await std::move(sending);
}

asio::awaitable<Result<Exchange::Answer>> Exchange::call(qi::Address to, qi::Bytes payload, Deadline until) {
  const auto sent = co_await send(MessageType::call, to, payload, until);
  if (!sent) co_return sent.error();
  for (;;) {
    for (auto next = parser_.next();; next = parser_.next()) {
      if (!next) co_return next.error();
      if (!*next) break;
      const auto& [header, content] = **next;
      if (header.id != lastId_ || (header.type != MessageType::reply && header.type != MessageType::error)) continue;
      co_return Answer{header, qi::Bytes(content.begin(), content.end())};
    }
    const auto got = co_await stream_.receive(parser_.room(), until);
    if (!got) co_return got.error();
    parser_.filled(*got);
  }
}

asio::awaitable<Result<Login>> logIn(Exchange& peer, qi::CapabilityMap credentials, localbus::CredentialSource more,
                                     Deadline until) {
  Login login;
  qi::Capabilities capabilities(qi::ownCapabilities());
  localbus::ClientHandshake handshake(std::move(credentials), std::move(more), capabilities);
  for (auto next = handshake.begin();; ++login.rounds) {
    auto calling = peer.call(next.address, next.payload, until);
    const auto answer = co_await std::move(calling);
    if (!answer) co_return answer.error();
    if (const auto map = qi::decode<qi::CapabilityMap>(answer->payload);
        map && answer->header.type == MessageType::reply)
      login.told.insert(map->begin(), map->end());
    auto step = handshake.receive(answer->message());
    if (step.failed) {
      if (answer->header.type == MessageType::error) login.words = qi::decodeErrorText(answer->payload);
      login.refused = std::move(step.failed);
      co_return login;
    }
    login.isWithout = handshake.done() && step.send;
    if (login.isWithout) {
      const auto hello = co_await peer.send(step.send->type, step.send->address, step.send->payload, until);
      if (!hello) co_return hello.error();
    }
    if (handshake.done()) {
      peer.trust();
      co_return login;
    }
    next = std::move(*step.send);
  }
}

}  // namespace beckon::doctor
