#pragma once

#include "xmpp/client_stream.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace beckon::xmpp {

// The same as makeClientStream() by libstrophe, on a thread of its own: the peer of our engine in tests and benches. It
// knows neither proxies nor direct TLS, and takes caFile only.
std::unique_ptr<Stream> makeStropheStream(boost::asio::any_io_executor executor, ClientStreamConfig config,
                                          run::Log log);

}  // namespace beckon::xmpp
