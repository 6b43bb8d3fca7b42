#pragma once

#include "cloud-relay/http_request.hpp"
#include "core/run/error.hpp"
#include "core/run/log.hpp"
#include "localbus/endpoint.hpp"
#include "localbus/tls_context.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beckon::relay {

// HTTP/1.1 over TLS for strangers: one request a connection, within limits that hold whatever they send or do not
// send. What is asked for is not its business. On the executor of `io`, as everything that it calls.
class HttpsService {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // Answers one request, at any time from within the call on; the first answer counts. A copy answers the same
  // request; once the last one is gone without an answer, it is 500. May outlive the service, not `io`.
  class Reply {
   public:
    void operator()(HttpAnswer answer) const;

   private:
    friend class HttpsService;
    struct Waiting;
    struct Promise;
    explicit Reply(std::shared_ptr<Promise> promise) : promise_(std::move(promise)) {}

    std::shared_ptr<Promise> promise_;
  };
  using Handler = std::function<void(HttpRequest, Reply)>;

  // What is not found here is answered with 404, or 405 if only the method is another.
  struct Route {
    std::string method, path;
    Handler handler;
  };

  struct Options {
    HttpLimits limits = {};
    std::size_t mostConnections = 256;
    std::size_t mostOfAddress = 16;  // of them, from one address, or one /64 of IPv6; more are closed at once
    Duration handshakeTime = std::chrono::seconds(5);
    Duration requestTime = std::chrono::seconds(5);   // for all of it
    Duration handlerTime = std::chrono::seconds(30);  // then 504
    Duration answerTime = std::chrono::seconds(5);    // for the client to take it and to end
  };

  HttpsService(boost::asio::io_context& io, std::vector<Route> routes, run::Log log);
  HttpsService(boost::asio::io_context& io, std::vector<Route> routes, run::Log log, const Options& options);
  ~HttpsService();  // stops
  HttpsService(const HttpsService&) = delete;
  HttpsService& operator=(const HttpsService&) = delete;

  // Once. A tcps endpoint whose host is an address; port 0 takes a free one. `tls` is a server's that verifies nobody.
  // Error invalidConfig.
  run::Result<localbus::Endpoint> start(const localbus::Endpoint& endpoint, const localbus::TlsContext& tls);
  // Closes all connections, those that wait for an answer too. No handler is called any more.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace beckon::relay
