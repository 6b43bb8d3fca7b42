#include "xmpp/client_stream.hpp"

#include "core/qi/json_text.hpp"
#include "xmpp/client_protocol.hpp"
#include "xmpp/stream_engine.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>

namespace beckon::xmpp {
namespace {

std::string freshNonce() {
  std::array<unsigned char, 24> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return qi::toBase64(bytes);
}

}  // namespace

std::unique_ptr<Stream> makeClientStream(boost::asio::any_io_executor executor, ClientStreamConfig config,
                                         run::Log log) {
  EngineOptions options;
  options.where = {.domain = config.account.domain(), .host = config.host, .port = config.port};
  if (config.proxy) options.where.proxy = config.proxy->place;
  options.resolver = config.resolver;
  options.memory = config.memory;
  options.proxy = config.proxy;
  options.trust = [trusted = config.trusted, caFile = config.caFile] {
    return trusted ? run::Result<std::shared_ptr<boost::asio::ssl::context>>(trusted) : trust(caFile);
  };
  options.stageDeadline = config.stageDeadline;
  options.largestStanza = config.largestStanza;
  options.checkPort = "check that the port is that of an XMPP server for clients, and look into its log";
  Negotiation::Settings settings{config.account, config.resource, config.password, config.weakest, freshNonce()};
  OPENSSL_cleanse(config.password.data(), config.password.size());
  return makeStream(std::move(executor), std::make_unique<ClientProtocol>(std::move(settings), config.largestReceived),
                    std::move(options), std::move(log));
}

}  // namespace beckon::xmpp
