#include "apps/enrol/https_client.hpp"

#include "cloud-relay/https_service.hpp"
#include "tests/cloud-relay/https_peer.hpp"
#include "tests/support/authority.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::apps {
namespace {

using boost::asio::awaitable;
using boost::asio::ip::tcp;
using run::Code;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto completion = test::HttpsPeer::completion;

class HttpsClientTest : public testing::Test {
 protected:
  HttpsClientTest() { test::Authority("Another authority").writeCertificate(another); }

  // A relay that answers with what it was sent.
  std::uint16_t serve(const localbus::TlsContext& tls) {
    std::vector<relay::HttpsService::Route> routes{{"POST", "/echo", [](relay::HttpRequest request, auto reply) {
                                                      reply({201, std::move(request.body)});
                                                    }}};
    service.emplace(loop.io, std::move(routes), run::silentLog());
    return service->start({"127.0.0.1", 0, localbus::Endpoint::Scheme::tcps}, tls).value().port;
  }
  // One that shows a certificate for `altNames`.
  std::uint16_t serveAs(const std::string& altNames) {
    authority.writeCertificate(trusted);
    authority.issue(test::Leaf{"relay", altNames}, issued.certificate, issued.key);
    return serve(localbus::TlsContext::server({issued}).value());
  }

  // Speaks for a server that is not ours: TLS, then `answer` to whatever is asked; then ends the connection or does
  // not.
  enum class Then { stays, says, cuts, drips, letters };
  std::uint16_t play(std::string answer, Then then) {
    heard.clear();
    acceptor.emplace(loop.io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    boost::asio::co_spawn(loop.io, played(std::move(answer), then), boost::asio::detached);
    return acceptor->local_endpoint().port();
  }
  awaitable<void> played(std::string answer, Then then) {
    auto [refused, socket] = co_await acceptor->async_accept(completion);
    boost::asio::ssl::stream<tcp::socket> stream(std::move(socket), SSL_new(context.handle()));
    co_await stream.async_handshake(boost::asio::ssl::stream_base::server, completion);
    auto buffer = boost::asio::dynamic_buffer(heard);
    co_await boost::asio::async_read_until(stream, buffer, "}", completion);
    const std::size_t atOnce = then == Then::letters ? answer.find("\r\n0\r\n") + 5 : answer.size();
    co_await boost::asio::async_write(stream, boost::asio::buffer(answer, atOnce), completion);
    if (then == Then::says) co_await stream.async_shutdown(completion);
    boost::asio::steady_timer pause(loop.io);
    for (auto letter = atOnce; letter < answer.size(); ++letter) {
      pause.expires_after(milliseconds(5));
      co_await pause.async_wait(completion);
      co_await boost::asio::async_write(stream, boost::asio::buffer(answer.data() + letter, 1), completion);
    }
    for (bool isThere = then == Then::drips; isThere;) {
      pause.expires_after(milliseconds(5));
      co_await pause.async_wait(completion);
      const auto [gone, size] = co_await boost::asio::async_write(stream, boost::asio::buffer("x", 1), completion);
      isThere = !gone;
    }
    if (then == Then::stays) co_await boost::asio::async_read(stream, buffer, completion);
  }

  run::Result<HttpAnswer> ask(HttpsTarget target, std::string body = "{}", const std::string& path = "/echo",
                              milliseconds deadline = std::chrono::seconds(9)) {
    return loop.await(post(std::move(target), path, std::move(body), deadline));
  }
  run::Error failure(HttpsTarget target, milliseconds deadline = std::chrono::seconds(9)) {
    const auto answer = ask(std::move(target), "{}", "/echo", deadline);
    EXPECT_FALSE(answer);
    if (answer) return {};
    EXPECT_NE(answer.error().nextStep, "");
    return answer.error();
  }
  std::string pin() const { return context.ownKey(); }

  test::Loop loop;
  test::OwnCertificate own;
  localbus::TlsContext context = own.server();
  test::Authority authority;
  std::string trusted = own.folder.path() / "authority.pem", another = own.folder.path() / "another.pem";
  localbus::TlsKeyPair issued{own.folder.path() / "issued.pem", own.folder.path() / "issued.key"};
  std::optional<relay::HttpsService> service;
  std::optional<tcp::acceptor> acceptor;
  std::string heard;
};

TEST_F(HttpsClientTest, bringsWhatItIsGivenAndTellsTheAnswer) {
  const auto port = serve(context);
  const auto answer = ask({"127.0.0.1", port, pin()}, R"({"a": "ü"})");
  ASSERT_TRUE(answer) << answer.error().cause;
  EXPECT_EQ(answer->status, 201U);
  EXPECT_EQ(answer->body, R"({"a": "ü"})");
  EXPECT_EQ(ask({"localhost", port, pin()}, "")->body, "");
  const auto refused = ask({"127.0.0.1", port, pin()}, "{}", "/none");
  EXPECT_EQ(refused->status, 404U);
  EXPECT_THAT(refused->body, StartsWith("{\"error\":{"));
  EXPECT_EQ(ask({"127.0.0.1", port, pin()}, std::string(17'000, 'x'))->status, 413U);
}

TEST_F(HttpsClientTest, saysToWhomItSpeaks) {
  const auto port = play("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::stays);
  EXPECT_TRUE(ask({"localhost", port, pin()}));
  const auto name = "localhost:" + std::to_string(port);
  EXPECT_THAT(heard, AllOf(StartsWith("POST /echo HTTP/1.1\r\n"), HasSubstr("\r\nHost: " + name + "\r\n"),
                           HasSubstr("\r\nContent-Type: application/json\r\n")));
}

TEST_F(HttpsClientTest, refusesAnotherKeyThanThePinnedOne) {
  const auto error = failure({"127.0.0.1", serve(context), std::string(64, '0')});
  EXPECT_EQ(error.code, Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr(pin()));
  EXPECT_THAT(error.nextStep, HasSubstr("new code"));
}

TEST_F(HttpsClientTest, aPinCountsForItselfWhateverTheAuthoritiesSay) {
  const auto port = serveAs("DNS:relay.example");
  const auto key = localbus::TlsContext::server({issued}).value().ownKey();
  EXPECT_TRUE(ask({"localhost", port, key}));
  EXPECT_EQ(failure({"localhost", port, pin(), trusted}).code, Code::badCertificate);
}

TEST_F(HttpsClientTest, refusesACertificateThatNobodyHasSigned) {
  const auto error = failure({"127.0.0.1", serve(context)});
  EXPECT_EQ(error.code, Code::badCertificate);
  EXPECT_THAT(error.cause, HasSubstr("signed by itself"));
  EXPECT_THAT(error.nextStep, AllOf(HasSubstr("code with its key"), Not(HasSubstr("libqi"))));
}

TEST_F(HttpsClientTest, trustsAnAuthorityThatItIsGivenForTheNameThatItIsFor) {
  const auto port = serveAs("DNS:localhost,IP:127.0.0.1");
  EXPECT_TRUE(ask({"localhost", port, "", trusted}));
  EXPECT_TRUE(ask({"127.0.0.1", port, "", trusted}));
  EXPECT_EQ(failure({"localhost", port}).code, Code::badCertificate);
  EXPECT_EQ(failure({"localhost", port, "", another}).code, Code::badCertificate);
}

TEST_F(HttpsClientTest, refusesACertificateForAnotherHost) {
  const auto port = serveAs("DNS:relay.example");
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    const auto error = failure({host, port, "", trusted});
    EXPECT_EQ(error.code, Code::badCertificate);
    EXPECT_THAT(error.cause, HasSubstr("is for relay.example"));
  }
}

TEST_F(HttpsClientTest, trustsTheSystemsAuthoritiesBesideThoseThatItIsGiven) {
  const auto port = serveAs("DNS:localhost");
  ASSERT_EQ(::setenv("SSL_CERT_FILE", trusted.c_str(), 1), 0);
  const auto answer = ask({"localhost", port, "", another}), alone = ask({"localhost", port});
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(answer);
  EXPECT_TRUE(alone);
}

TEST_F(HttpsClientTest, endsAtItsDeadlineWhereverTheServerStalls) {
  const auto stalled = [&](std::uint16_t port) {
    const auto begin = std::chrono::steady_clock::now();
    const auto error = failure({"127.0.0.1", port, pin()}, milliseconds(300));
    EXPECT_EQ(error.code, Code::timedOut);
    const auto taken = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(taken, milliseconds(300));
    EXPECT_LT(taken, std::chrono::seconds(5));
    return error.cause;
  };
  tcp::acceptor silent(loop.io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  EXPECT_THAT(stalled(silent.local_endpoint().port()), HasSubstr("TLS handshake"));
  EXPECT_THAT(stalled(play("", Then::stays)), HasSubstr("answer"));
  EXPECT_THAT(stalled(play("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", Then::stays)), HasSubstr("answer"));
  EXPECT_THAT(stalled(play("HTTP/1.1 200 OK\r\n\r\n", Then::drips)), HasSubstr("answer"));
}

TEST_F(HttpsClientTest, tellsThatNobodyIsThere) {
  tcp::acceptor gone(loop.io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  const auto port = gone.local_endpoint().port();
  gone.close();
  const auto error = failure({"127.0.0.1", port, pin()});
  EXPECT_EQ(error.code, Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("https://127.0.0.1:" + std::to_string(port) + ": "));
  EXPECT_EQ(failure({"no-such-host.invalid", port, pin()}).code, Code::unreachable);
}

TEST_F(HttpsClientTest, takesAnAnswerThatEndsWithTheConnectionOnlyIfTheServerSaysThatItEnds) {
  const std::string text = "HTTP/1.1 200 OK\r\n\r\nall of it";
  EXPECT_EQ(ask({"127.0.0.1", play(text, Then::says), pin()})->body, "all of it");
  EXPECT_EQ(failure({"127.0.0.1", play(text, Then::cuts), pin()}).code, Code::connectionLost);
  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
  EXPECT_EQ(failure({"127.0.0.1", play(half, Then::says), pin()}).code, Code::connectionLost);
  EXPECT_EQ(failure({"127.0.0.1", play("", Then::says), pin()}).code, Code::connectionLost);
  EXPECT_EQ(failure({"127.0.0.1", play("", Then::cuts), pin()}).code, Code::connectionLost);
}

TEST_F(HttpsClientTest, takesAnAnswerInChunksWhoseEndComesInPieces) {
  const std::string header = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"", "5\r\nwhole\r\n"}) {
    const auto answer = ask({"127.0.0.1", play(header + body + "0\r\nX: y\r\n\r\n", Then::letters), pin()});
    ASSERT_TRUE(answer) << answer.error().cause;
    EXPECT_EQ(answer->body, body.empty() ? "" : "whole");
  }
}

TEST_F(HttpsClientTest, takesNoMoreThanItsLimit) {
  const auto sized = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };
  EXPECT_EQ(ask({"127.0.0.1", play(sized(mostHttpAnswer), Then::stays), pin()})->body.size(), mostHttpAnswer);
  std::string fields = "HTTP/1.1 200 OK\r\n";
  while (fields.size() < 1'000'000) fields += "Field: 0123456789\r\n";
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n" + std::string(mostHttpAnswer + 1, 'x');
  const std::string extension = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(1'000'000, 'x');
  for (const auto& answer : {sized(mostHttpAnswer + 1), fields, endless, extension}) {
    const auto error = failure({"127.0.0.1", play(answer, Then::stays), pin()});
    EXPECT_EQ(error.code, Code::protocolError);
  }
}

TEST_F(HttpsClientTest, tellsOfServersThatSpeakSomethingElse) {
  for (const std::string text : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 x\r\n\r\n"})
    EXPECT_EQ(failure({"127.0.0.1", play(text, Then::stays), pin()}).code, Code::protocolError) << text;
  tcp::acceptor plain(loop.io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  boost::asio::co_spawn(
      loop.io,
      [](tcp::acceptor& at) -> awaitable<void> {
        auto [refused, socket] = co_await at.async_accept(completion);
        const std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
        co_await boost::asio::async_write(socket, boost::asio::buffer(text), completion);
      }(plain),
      boost::asio::detached);
  const auto error = failure({"127.0.0.1", plain.local_endpoint().port(), pin()});
  EXPECT_EQ(error.code, Code::protocolError);
  EXPECT_THAT(error.cause, HasSubstr("does not speak TLS"));
}

TEST_F(HttpsClientTest, refusesTargetsThatWouldWriteIntoTheHeader) {
  for (const HttpsTarget& target :
       {HttpsTarget{"", 443, pin()}, HttpsTarget{"relay\r\nX: y", 443, pin()}, HttpsTarget{"a/b", 443, pin()},
        HttpsTarget{"relay.example", 0, pin()}, HttpsTarget{"relay.example", 443, "0000"},
        HttpsTarget{"relay.example", 443, std::string(64, 'A')}})
    EXPECT_EQ(failure(target).code, Code::invalidArgument);
  for (const std::string path : {"", "enrol", "/a b", "/a\r\nX: y"})
    EXPECT_EQ(ask({"127.0.0.1", 443, pin()}, "{}", path).error().code, Code::invalidArgument);
  const auto none = own.folder.path() / "none.pem";
  EXPECT_EQ(failure({"127.0.0.1", 443, "", none}).code, Code::invalidConfig);
}

}  // namespace
}  // namespace beckon::apps
