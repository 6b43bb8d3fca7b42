#include "cloud-relay/https_service.hpp"

#include "tests/cloud-relay/https_peer.hpp"
#include "tests/support/authority.hpp"
#include "tests/support/child_process.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>

namespace beckon::relay {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using test::HttpsPeer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Scheme = localbus::Endpoint::Scheme;

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class HttpsServiceTest : public testing::Test {
 protected:
  // Those of the service but for what a test waits for.
  void start(const HttpsService::Options& options = {}) {
    using Reply = HttpsService::Reply;
    std::vector<HttpsService::Route> routes;
    const auto on = [&](const std::string& method, const std::string& path, HttpsService::Handler handler) {
      routes.push_back({method, path, std::move(handler)});
    };
    on("POST", "/echo", [](HttpRequest request, Reply reply) { reply({200, request.body}); });
    on("POST", "/keep", [this](HttpRequest request, Reply reply) {
      kept.push_back(std::move(reply));
      last = std::move(request);
    });
    on("PUT", "/keep", [](HttpRequest, Reply reply) { reply({201, "{}"}); });
    on("POST", "/drop", [](HttpRequest, Reply) {});
    on("POST", "/stop", [this](HttpRequest, Reply reply) {
      ++stops;
      service->stop();
      kept.push_back(std::move(reply));
    });
    on("POST", "/huge", [](HttpRequest, Reply reply) { reply({200, std::string(16'000'000, 'x')}); });
    service.emplace(loop.io, std::move(routes), run::silentLog(), options);
    port = service->start({"127.0.0.1", 0, Scheme::tcps}, own.server()).value().port;
  }

  std::string ask(const std::string& request, const std::string& from = "127.0.0.1") {
    HttpsPeer peer(loop, port, from);
    return loop.await(peer.ask(request));
  }
  bool answers(const std::string& from = "127.0.0.1") {
    return ask(post("/echo", "{}"), from).starts_with("HTTP/1.1 200 ");
  }
  // Begins, and is awaited with `loop`.
  std::shared_ptr<std::optional<std::string>> begin(awaitable<std::string> asking) {
    const auto outcome = std::make_shared<std::optional<std::string>>();
    boost::asio::co_spawn(loop.io, std::move(asking),
                          [outcome](std::exception_ptr, std::string answer) { *outcome = std::move(answer); });
    return outcome;
  }

  test::OwnCertificate own;
  test::Loop loop;
  std::optional<HttpsService> service;
  unsigned short port = 0;
  std::vector<HttpsService::Reply> kept;
  HttpRequest last;
  int stops = 0;
};

TEST_F(HttpsServiceTest, givesTheRequestToItsHandlerAndTheAnswerToTheClient) {
  start();
  EXPECT_EQ(ask(post("/echo?a=b", "{\"a\": 1}")),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nConnection: close\r\n"
            "Content-Length: 8\r\n\r\n{\"a\": 1}");
  HttpsPeer peer(loop, port, "127.0.0.5");
  const auto answer = begin(peer.ask(post("/keep", "body")));
  ASSERT_TRUE(loop.runUntil([&] { return !kept.empty(); }));
  EXPECT_EQ(last.method, "POST");
  EXPECT_EQ(last.path, "/keep");
  EXPECT_EQ(last.body, "body");
  EXPECT_EQ(last.address, "127.0.0.5");
  kept.front()({403, "{\"error\": {}}"});
  kept.front()({200, "{}"});
  ASSERT_TRUE(loop.runUntil([&] { return answer->has_value(); }));
  EXPECT_THAT(**answer, AllOf(StartsWith("HTTP/1.1 403 "), EndsWith("\r\n\r\n{\"error\": {}}")));
}

TEST_F(HttpsServiceTest, saysWhatItDoesNotHave) {
  start();
  EXPECT_THAT(ask(post("/secret", "secret")), AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("{\"error\":{"),
                                                    HasSubstr("\"nextStep\""), Not(HasSubstr("secret"))));
  EXPECT_THAT(ask("GET /keep HTTP/1.1\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: POST, PUT\r\n"), HasSubstr("{\"error\":{")));
  EXPECT_THAT(ask("PUT /keep HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 201 "));
}

TEST_F(HttpsServiceTest, refusesWhatIsTooLargeOrNoRequest) {
  start();
  EXPECT_THAT(ask(post("/echo", std::string(16 * 1024, 'x'))), StartsWith("HTTP/1.1 200 "));
  // The answer arrives, though nobody takes the body.
  EXPECT_THAT(ask(post("/echo", std::string(200'000, 'x'))),
              AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("too-large"), Not(HasSubstr("xxx"))));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 431 "), Not(HasSubstr("xxx"))));
  EXPECT_THAT(ask("garbage\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 400 "), Not(HasSubstr("garbage"))));
}

TEST_F(HttpsServiceTest, answersOthersWhileAHandlerTakesItsTime) {
  start();
  HttpsPeer peer(loop, port);
  const auto late = begin(peer.ask(post("/keep", "")));
  ASSERT_TRUE(loop.runUntil([&] { return !kept.empty(); }));
  EXPECT_TRUE(answers());
  EXPECT_FALSE(late->has_value());
  kept.front()({200, "late"});
  ASSERT_TRUE(loop.runUntil([&] { return late->has_value(); }));
  EXPECT_THAT(**late, EndsWith("\r\n\r\nlate"));
}

TEST_F(HttpsServiceTest, answersForAHandlerThatForgetsTo) {
  start();
  EXPECT_THAT(ask(post("/drop", "")), AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("\"internal\"")));
  HttpsPeer peer(loop, port);
  const auto answer = begin(peer.ask(post("/keep", "")));
  ASSERT_TRUE(loop.runUntil([&] { return !kept.empty(); }));
  auto copy = kept.front();
  kept.clear();
  EXPECT_TRUE(answers());
  EXPECT_FALSE(answer->has_value());
  { const auto lastOne = std::move(copy); }
  ASSERT_TRUE(loop.runUntil([&] { return answer->has_value(); }));
  EXPECT_THAT(**answer, StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpsServiceTest, answersForAHandlerThatIsTooSlow) {
  HttpsService::Options options;
  options.handlerTime = milliseconds(50);
  start(options);
  EXPECT_THAT(ask(post("/keep", "")), AllOf(StartsWith("HTTP/1.1 504 "), HasSubstr("\"timed-out\"")));
  ASSERT_EQ(kept.size(), 1U);
  kept.front()({200, "too late"});
  EXPECT_TRUE(answers());
}

TEST_F(HttpsServiceTest, closesOnWhoDoesNotFinishHisRequestAndServesOthersMeanwhile) {
  HttpsService::Options options;
  options.requestTime = milliseconds(300);
  start(options);
  HttpsPeer silent(loop, port), half(loop, port), dripping(loop, port);
  const auto nothing = begin(silent.ask(""));
  const auto some = begin(half.ask("POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"));
  const auto drops = begin([](HttpsPeer& peer) -> awaitable<std::string> {
    co_await peer.secure();
    boost::asio::steady_timer pause(peer.socket().get_executor());
    auto sent = co_await peer.send("POST /echo HTTP/1.1\r\n");
    for (int i = 0; sent && i < 10'000; ++i) {
      pause.expires_after(milliseconds(5));
      co_await pause.async_wait(boost::asio::use_awaitable);
      sent = co_await peer.send("X: y\r\n");
    }
    co_return sent ? "never closed" : "closed";
  }(dripping));
  EXPECT_TRUE(answers());
  ASSERT_TRUE(loop.runUntil([&] { return nothing->has_value() && some->has_value() && drops->has_value(); }));
  EXPECT_EQ(**nothing, "");
  EXPECT_EQ(**some, "");
  EXPECT_EQ(**drops, "closed");
}

TEST_F(HttpsServiceTest, closesOnWhoDoesNotSpeakTls) {
  HttpsService::Options options;
  options.handshakeTime = milliseconds(300);
  start(options);
  for (const std::string& text :
       {post("/echo", "{}"), std::string(3000, '\xFF'), std::string("\x16\x03\x01\x02", 4), std::string()}) {
    HttpsPeer peer(loop, port);
    boost::asio::write(peer.socket(), boost::asio::buffer(text));
    const auto answer = begin(peer.restOfTcp());
    EXPECT_TRUE(answers());
    ASSERT_TRUE(loop.runUntil([&] { return answer->has_value(); }));
    EXPECT_THAT(**answer, Not(HasSubstr("HTTP")));
  }
}

TEST_F(HttpsServiceTest, closesOnWhoDoesNotReadItsAnswer) {
  HttpsService::Options options;
  options.mostConnections = 1;
  options.answerTime = milliseconds(200);
  start(options);
  HttpsPeer reads(loop, port);
  EXPECT_GT(loop.await(reads.ask(post("/huge", ""))).size(), 16'000'000U);
  reads.close();
  std::optional<HttpsPeer> peer;
  ASSERT_TRUE(loop.runUntil([&] {
    peer.emplace(loop, port);
    return loop.await(peer->secure());
  }));
  ASSERT_TRUE(loop.await(peer->send(post("/huge", ""))));
  EXPECT_FALSE(answers());
  EXPECT_TRUE(loop.runUntil([&] { return answers(); }));
}

TEST_F(HttpsServiceTest, servesOthersWhileOneAddressOpensAThousandConnections) {
  HttpsService::Options options;
  options.handshakeTime = std::chrono::minutes(1);
  start(options);
  std::deque<HttpsPeer> silent;
  for (int i = 0; i < 1000; ++i) {
    silent.emplace_back(loop, port);
    loop.poll();
    if (i >= 16) silent.pop_back();
  }
  EXPECT_EQ(silent.size(), 16U);
  EXPECT_FALSE(answers());
  EXPECT_TRUE(answers("127.0.0.2"));
  silent.pop_front();
  EXPECT_TRUE(loop.runUntil([&] { return answers(); }));
}

TEST_F(HttpsServiceTest, holdsNoMoreConnectionsThanItCan) {
  HttpsService::Options options;
  options.handshakeTime = std::chrono::minutes(1);
  start(options);
  std::vector<std::unique_ptr<HttpsPeer>> silent;
  std::vector<std::shared_ptr<std::optional<std::string>>> ends;
  for (int i = 0; i < 300; ++i) {
    silent.push_back(std::make_unique<HttpsPeer>(loop, port, "127.0.1." + std::to_string(1 + i / 10)));
    ends.push_back(begin(silent.back()->restOfTcp()));
    loop.poll();
  }
  const auto closed = [&] { return std::ranges::count_if(ends, [](const auto& end) { return end->has_value(); }); };
  EXPECT_TRUE(loop.runUntil([&] { return closed() == 300 - 256; }));
  EXPECT_FALSE(answers("127.0.2.1"));
  EXPECT_EQ(closed(), 300 - 256);
  silent[0]->close();
  EXPECT_TRUE(loop.runUntil([&] { return answers("127.0.2.1"); }));
}

TEST_F(HttpsServiceTest, stopsWhileRequestsAreInFlight) {
  start();
  HttpsPeer waits(loop, port), speaks(loop, port), silent(loop, port);
  const auto waiting = begin(waits.ask(post("/keep", "")));
  const auto half = begin(speaks.ask("POST /keep HTTP/1.1\r\nContent-Length: 5\r\n\r\n"));
  const auto nothing = begin(silent.restOfTcp());
  ASSERT_TRUE(loop.runUntil([&] { return !kept.empty(); }));
  service->stop();
  service.reset();
  ASSERT_TRUE(loop.runUntil([&] { return waiting->has_value() && half->has_value() && nothing->has_value(); }));
  EXPECT_EQ(**waiting, "");
  EXPECT_EQ(**half, "");
  EXPECT_EQ(**nothing, "");
  kept.front()({200, "nobody hears it"});
  kept.clear();
  loop.poll();
  EXPECT_THROW(HttpsPeer(loop, port), boost::system::system_error);
}

TEST_F(HttpsServiceTest, callsNoHandlerOnceItHasStopped) {
  start();
  HttpsPeer one(loop, port), other(loop, port);
  ASSERT_TRUE(loop.await(one.secure()));
  ASSERT_TRUE(loop.await(other.secure()));
  loop.poll();
  // Both requests are there when the loop looks next, each in two records: the second is read from memory, so that it
  // arrives although the other request has closed the socket by then.
  for (auto* peer : {&one, &other}) {
    peer->sendNow("POST /stop HTTP/1.1\r\n");
    peer->sendNow("Content-Length: 0\r\n\r\n");
  }
  EXPECT_EQ(loop.await(one.rest()), "");
  EXPECT_EQ(loop.await(other.rest()), "");
  EXPECT_EQ(stops, 1);
  // Nothing waits for the answer, which is still promised.
  loop.io.restart();
  loop.io.run_for(test::Loop::patience);
  EXPECT_TRUE(loop.io.stopped());
}

TEST_F(HttpsServiceTest, startsOnlyWhereItCanServeEverybody) {
  start();
  const auto problem = [&](const localbus::Endpoint& endpoint, const localbus::TlsContext& tls) {
    HttpsService other(loop.io, {}, run::silentLog());
    const auto started = other.start(endpoint, tls);
    EXPECT_EQ(started.error().code, run::Code::invalidConfig);
    return started.error().cause;
  };
  EXPECT_THAT(problem({"127.0.0.1", port, Scheme::tcps}, own.server()), HasSubstr("in use"));
  EXPECT_THAT(problem({"127.0.0.1", 0, Scheme::tcp}, own.server()), HasSubstr("needs TLS"));
  EXPECT_THAT(problem({"relay.example", 0, Scheme::tcps}, own.server()), HasSubstr("tcps://relay.example"));
  const auto authority = own.folder.path() / "authority.pem";
  test::Authority().writeCertificate(authority);
  const auto verifying = localbus::TlsContext::server({own.files, authority}).value();
  EXPECT_THAT(problem({"127.0.0.1", 0, Scheme::tcps}, verifying), HasSubstr("lets in everybody"));
  EXPECT_THAT(problem({"127.0.0.1", 0, Scheme::tcps}, localbus::TlsContext::client({}).value()),
              HasSubstr("lets in everybody"));
}

TEST_F(HttpsServiceTest, isUnderstoodByAnotherClient) {
  start();
  const auto log = own.folder.path() / "python.log";
  const std::string script = R"(
import http.client, ssl, sys
context = ssl._create_unverified_context()
for path, body in (("/echo", '{"a": 1}'), ("/echo", iter([b'{"in":', b' "chunks"}'])), ("/none", "{}"), ("/echo", "x" * 17000)):
    connection = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[1]), context=context, timeout=20)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    print(answer.status, answer.getheader("Content-Type"), answer.read().decode()[:18], flush=True)
    connection.close()
)";
  test::ChildProcess python({"python3", "-c", script, std::to_string(port)}, log);
  ASSERT_TRUE(loop.runUntil([&] { return !python.running(); }, std::chrono::seconds(40)));
  std::ifstream in(log);
  const std::string said{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(said,
            "200 application/json {\"a\": 1}\n"
            "200 application/json {\"in\": \"chunks\"}\n"
            "404 application/json {\"error\":{\"cause\":\n"
            "413 application/json {\"error\":{\"cause\":\n");
}

}  // namespace
}  // namespace beckon::relay
