#include "xmpp/component_stream.hpp"

#include "xmpp/component_protocol.hpp"
#include "xmpp/stream_engine.hpp"

#include <openssl/crypto.h>

namespace beckon::xmpp {

std::unique_ptr<Stream> makeComponentStream(boost::asio::any_io_executor executor, ComponentConfig config,
                                            run::Log log) {
  EngineOptions options;
  options.where = {.domain = config.domain.domain(), .host = config.host, .port = config.port};
  options.stageDeadline = config.stageDeadline;
  options.largestStanza = config.largestStanza;
  options.largestQueue = config.largestQueue;
  options.checkPort = "check that the port is the one where the server takes components, and look into its log";
  auto protocol = std::make_unique<ComponentProtocol>(config.domain, config.secret, config.largestStanza);
  OPENSSL_cleanse(config.secret.data(), config.secret.size());
  return makeStream(std::move(executor), std::move(protocol), std::move(options), std::move(log));
}

}  // namespace beckon::xmpp
