// Against networks and servers that fail or deceive.
#include "tests/xmpp/bad_network.hpp"
#include "tests/xmpp/client_stream_fixture.hpp"
#include "xmpp/resolve.hpp"
#include "xmpp/stanza_error.hpp"

#include <boost/asio/read.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <thread>

namespace beckon::xmpp {
namespace {

using ClientStreamFaults = ClientStream;

TEST_F(ClientStreamFaults, refusesAWeakerMechanismThanConfigured) {
  Prosody::Options options;
  options.passwordHash = "SHA-1";
  const Prosody server({{"robot", "secret"}}, options);
  const auto error = failure(at(server));
  EXPECT_EQ(error.code, run::Code::notAuthenticated);
  EXPECT_THAT(error.cause, HasSubstr("SCRAM-SHA-1"));
  closed.reset();
  auto config = at(server);
  config.weakest = Scram::Hash::sha1;
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
}

TEST_F(ClientStreamFaults, saysThatTheHostIsUnknown) {
  const auto error = failure(at("no-such-host.invalid", 5222));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("no-such-host.invalid"));
}

TEST_F(ClientStreamFaults, saysThatNobodyListensAtThePort) {
  const auto error = failure(at("127.0.0.1", test::freePort()));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("Connection refused"));
}

TEST_F(ClientStreamFaults, triesEachAddressOfTheServerInTurn) {
  const Prosody server({{"robot", "secret"}});
  auto config = at(server);
  const auto closedPort = test::freePort();
  config.host = "host.test";
  config.resolver = [&](const Whereabouts& where) {
    EXPECT_EQ(where.domain, "robots.test");
    EXPECT_EQ(where.host, "host.test");
    return run::Result<std::vector<Route>>(
        {{{"127.0.0.1", closedPort}}, {{"::1", closedPort}}, {{"::1", closedPort}}, {{"127.0.0.1", where.port}}});
  };
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
}

TEST_F(ClientStreamFaults, goesToTheNextRouteAsLongAsNoServerOpensAStream) {
  const Prosody server({{"robot", "secret"}});
  Listener silent(io);
  auto config = at(server);
  config.stageDeadline = 1s;
  config.resolver = [&](const Whereabouts& where) {
    return run::Result<std::vector<Route>>(
        {{{"127.0.0.1", silent.port()}}, {{"127.0.0.1", silent.port()}, true}, {{"127.0.0.1", where.port}}});
  };
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
  EXPECT_TRUE(silent.accepted);
}

TEST_F(ClientStreamFaults, refusesWhatWouldHoldUpAServerThatReadsSlowly) {
  Prosody::Options options;
  options.modules = {"limits"};  // 10 kB/s
  const Prosody server({{"robot", "secret"}}, options);
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  const auto bulk = [this](std::string_view type, std::string_view id) {
    return ping(id).set("type", type).set("to", self.text()).add(Element("x", "urn:test", std::string(100'000, 'x')));
  };
  // The asker learns that his request did not leave, who has asked gets an error in place of the answer.
  ASSERT_TRUE(stream->send(bulk("set", "request")));
  ASSERT_TRUE(stream->send(bulk("result", "answer")));
  ASSERT_TRUE(stream->send(ping("small")));
  ASSERT_TRUE(runUntil(io, [this] { return stanzas.size() == 3; })) << stanzas.size();
  for (const std::string id : {"request", "answer"}) {
    const auto came = std::ranges::find_if(stanzas, [&](const Element& each) { return each.attribute("id") == id; });
    ASSERT_NE(came, stanzas.end());
    EXPECT_EQ(came->attribute("type"), "error");
    EXPECT_EQ(came->attribute("from"), self.text());
    EXPECT_EQ(StanzaError::read(*came).toError().code, run::Code::tooLarge);
  }
  EXPECT_EQ(stream->send(bulk("set", "again")).error().code, run::Code::tooLarge);
  ASSERT_TRUE(stream->send(ping("still here")));
  EXPECT_TRUE(runUntil(io, [this] { return stanzas.size() == 4; }));
  EXPECT_FALSE(closed);
}

TEST_F(ClientStreamFaults, speaksTlsFromTheFirstByteWhereThatIsSaid) {
  Prosody::Options options;
  options.hasDirectTls = true;
  const Prosody server({{"robot", "secret"}}, options);
  auto config = at(server);
  config.host = "host.test";
  config.resolver = [&](const Whereabouts&) {
    return run::Result<std::vector<Route>>(std::vector{Route{{"127.0.0.1", server.directTlsPort()}, true}});
  };
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
  stream.reset();
  self = {};
  config.caFile.clear();
  EXPECT_EQ(failure(config).code, run::Code::badCertificate);
}

TEST_F(ClientStreamFaults, comesBackByWhatItRemembersWhileTheNameServersFail) {
  const Prosody server({{"robot", "secret"}});
  auto config = at(server);
  config.memory = std::make_shared<std::vector<Route>>();
  config.host = "host.test";
  config.resolver = [&](const Whereabouts&) {
    return run::Result<std::vector<Route>>(std::vector{Route{{"127.0.0.1", server.port()}}});
  };
  open(config);
  ASSERT_TRUE(comesOnline()) << closed->cause;
  EXPECT_EQ(config.memory->size(), 1u);
  stream.reset();
  self = {};
  config.resolver = [](const Whereabouts&) {
    return run::Result<std::vector<Route>>(run::Error{run::Code::unreachable, "no address", ""});
  };
  open(config);
  ASSERT_TRUE(comesOnline()) << closed->cause;
  stream.reset();
  self = {};
  // And where they are silent.
  std::promise<void> answer;
  config.resolver = [answered = answer.get_future().share()](const Whereabouts&) {
    answered.wait();
    return run::Result<std::vector<Route>>(run::Error{run::Code::unreachable, "too late", ""});
  };
  config.stageDeadline = 500ms;
  open(config);
  EXPECT_TRUE(comesOnline()) << closed->cause;
  answer.set_value();
}

TEST_F(ClientStreamFaults, saysWhatTheLastAddressAnsweredWhereNoneIsGood) {
  auto config = at("host.test", test::freePort());
  config.resolver = [](const Whereabouts& where) {
    return run::Result<std::vector<Route>>({{{"127.0.0.2", where.port}}, {{"127.0.0.3", where.port}}});
  };
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("127.0.0.3"));
}

// One of them answers, whichever it is: on most machines those of localhost are ::1 and 127.0.0.1.
TEST_F(ClientStreamFaults, reachesAServerAtWhicheverAddressOfItsNameItListens) {
  const Prosody server({{"robot", "secret"}});
  const auto routes = resolve({"robots.test", "localhost", test::freePort()});
  ASSERT_TRUE(routes);
  for (const auto& [endpoint, directTls, host, port] : *routes) {
    const test::Proxy there(io, endpoint.address, endpoint.port, server.port());
    auto config = at("localhost", endpoint.port);
    config.caFile = server.caFile();
    self = {};
    open(config);
    EXPECT_TRUE(comesOnline()) << endpoint.address << ": " << closed->cause;
    stream.reset();
  }
}

// A look-up cannot be woken: the stream leaves it alone.
TEST_F(ClientStreamFaults, givesUpOnNameServersThatDoNotAnswer) {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
  };
  std::thread([] {}).join();  // with the first thread, a sanitizer starts one of its own
  const auto before = threads();
  std::promise<void> answer;
  auto config = at("host.test", 15222);
  config.stageDeadline = 100ms;
  config.resolver = [answered = answer.get_future().share()](auto&&...) {
    answered.wait();
    return run::Result<std::vector<Route>>(run::Error{run::Code::unreachable, "too late", ""});
  };
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("address"));
  stream.reset();
  answer.set_value();
  // The thread that looked up ends by itself; what it holds would look like a leak before.
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (threads() != before && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(threads(), before);
}

TEST_F(ClientStreamFaults, setsItsSocketSoThatADeadPeerIsNoticed) {
  const Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  int found = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) || ntohs(peer.sin_port) != server.port()) continue;
    const auto option = [fd](int level, int name) {
      int value = 0;
      socklen_t length = sizeof(value);
      getsockopt(fd, level, name, &value, &length);
      return value;
    };
    EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 15);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 5);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 20000);
    EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ++found;
  }
  EXPECT_GE(found, 1);
}

TEST_F(ClientStreamFaults, survivesWritingToAServerThatIsGone) {
  signal(SIGPIPE, SIG_DFL);
  Prosody server({{"robot", "secret"}});
  open(at(server));
  ASSERT_TRUE(comesOnline()) << closed->cause;
  server.kill();
  ASSERT_TRUE(runUntil(io, [this] { return closed || !stream->send(ping("late")); }));
  ASSERT_TRUE(runUntil(io, [this] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, run::Code::connectionLost);
}

TEST_F(ClientStreamFaults, saysThatThereAreNoMoreDescriptors) {
  failure(at("127.0.0.1", test::freePort()));  // what Asio itself needs is open then
  closed.reset();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int next = dup(STDERR_FILENO);
  close(next);
  const auto before = std::exchange(limit.rlim_cur, static_cast<rlim_t>(next));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const auto error = failure(at("127.0.0.1", 15222));
  limit.rlim_cur = before;
  setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(error.code, run::Code::overloaded);
  EXPECT_THAT(error.cause, HasSubstr("Too many open files"));
}

TEST_F(ClientStreamFaults, givesUpOnAServerThatNeverSpeaks) {
  Listener server(io);
  auto config = at("127.0.0.1", server.port());
  config.stageDeadline = 200ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("stream header"));
  EXPECT_TRUE(server.accepted);
}

TEST_F(ClientStreamFaults, givesUpOnATlsHandshakeThatStalls) {
  Listener server(io,
                  "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
                  "from='robots.test' id='1' xmlns='jabber:client'><stream:features><starttls "
                  "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><proceed "
                  "xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  auto config = at("127.0.0.1", server.port());
  config.stageDeadline = 200ms;
  const auto error = failure(config);
  EXPECT_EQ(error.code, run::Code::timedOut);
  EXPECT_THAT(error.cause, HasSubstr("TLS"));
  const auto before = std::chrono::steady_clock::now();
  stream.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
}

TEST_F(ClientStreamFaults, saysThatItIsNoXmppServer) {
  Listener server(io, "SSH-2.0-OpenSSH_9.2\r\n");
  const auto error = failure(at("127.0.0.1", server.port()));
  EXPECT_EQ(error.code, run::Code::protocolError);
}

TEST_F(ClientStreamFaults, sendsNothingInTheClearToAServerWithoutTls) {
  Listener server(
      io,
      "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
      "from='robots.test' id='1' xmlns='jabber:client'><stream:features><mechanisms "
      "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>");
  const auto error = failure(at("127.0.0.1", server.port()));
  EXPECT_EQ(error.code, run::Code::unreachable);
  EXPECT_THAT(error.cause, HasSubstr("TLS"));
  boost::system::error_code ended;
  std::string said;
  boost::asio::read(server.socket, boost::asio::dynamic_buffer(said), ended);
  EXPECT_THAT(said, testing::Not(HasSubstr("<auth")));
  EXPECT_THAT(said, testing::Not(HasSubstr("robot@")));
}

}  // namespace
}  // namespace beckon::xmpp
