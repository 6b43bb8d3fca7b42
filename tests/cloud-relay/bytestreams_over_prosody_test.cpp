#include "cloud-relay/bytestream_door.hpp"
#include "tests/cloud-relay/registrar_fixture.hpp"
#include "tests/support/free_port.hpp"
#include "xmpp/bytestream.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <signal.h>

#include <array>
#include <vector>

namespace beckon::relay {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

// Two members of a fleet on a real XMPP server, whose relay is a proxy of bytestreams; and so is a second one.
class BytestreamsOverProsody : public RegistrarTest {
 protected:
  struct End {
    End(boost::asio::io_context& io, const Prosody& server, const std::string& name, const std::string& secret,
        std::set<xmpp::Jid> contacts)
        : client(io.get_executor(), streams(io, server, name, secret), config(std::move(contacts)), run::silentLog()),
          bytestreams(io.get_executor(), client,
                      {xmpp::Jid::parse("relay.robots.test").value(), xmpp::Jid::parse("relay2.robots.test").value()},
                      run::silentLog()) {}

    static xmpp::StreamFactory streams(boost::asio::io_context& io, const Prosody& server, const std::string& name,
                                       const std::string& secret) {
      xmpp::ClientStreamConfig how;
      how.account = xmpp::Jid::parse(server.jid(name)).value();
      how.resource = "end";
      how.password = secret;
      how.host = server.host();
      how.port = server.port();
      how.caFile = server.caFile();
      return [&io, how] { return xmpp::makeClientStream(io.get_executor(), how, run::silentLog()); };
    }
    static xmpp::Client::Config config(std::set<xmpp::Jid> contacts) {
      xmpp::Client::Config out;
      out.contacts = std::move(contacts);
      out.node = "urn:test";
      return out;
    }

    xmpp::Client client;
    xmpp::Bytestreams bytestreams;
  };

  struct Relay {
    Relay(BytestreamsOverProsody& test, xmpp::Component& component)
        : proxy(test.io, test.usage, run::silentLog(), {}),
          door(component, test.store, test.registrar, proxy, host(component), run::silentLog()) {
      door.open();
    }
    xmpp::bytestreams::Host host(const xmpp::Component& component) {
      const auto where = proxy.start({boost::asio::ip::address_v4::loopback(), 0}).value();
      return {component.domain(), "127.0.0.1", where.port(), 0, 10};
    }

    BytestreamProxy proxy;
    BytestreamDoor door;
  };

  static Prosody::Options twoRelays() {
    auto out = usual();
    out.components["relay2.robots.test"] = "hush";
    return out;
  }
  xmpp::Component::Config secondConfig() {
    auto out = config();
    out.domain = xmpp::Jid::parse("relay2.robots.test").value();
    out.streams = [this] {
      xmpp::ComponentConfig how;
      how.domain = xmpp::Jid::parse("relay2.robots.test").value();
      how.secret = "hush";
      how.port = server.componentPort();
      return xmpp::makeComponentStream(io.get_executor(), how, run::silentLog());
    };
    return out;
  }

  BytestreamsOverProsody() : RegistrarTest(twoRelays()) {
    ::signal(SIGPIPE, SIG_IGN);
    registrar.onPutOut([this](const std::string& account) {
      first.proxy.endOf(account);
      second.proxy.endOf(account);
    });
    secondComponent.start({});
  }
  ~BytestreamsOverProsody() override { secondComponent.stop(); }

  void SetUp() override {
    RegistrarTest::SetUp();
    ASSERT_TRUE(runUntil(io, [this] { return secondComponent.online(); }));
    const auto add = [&](const std::string& name, const std::string& other) {
      const auto secret = enrol(codeFor(), name, static_cast<std::uint8_t>(name.back())).value().secret;
      return std::make_unique<End>(io, server, name, secret, std::set{jid(other)});
    };
    r2 = add("r2", "r3");
    r3 = add("r3", "r2");
    r3->bytestreams.accept([this](const xmpp::Jid& from) { return from.bare() == welcome; },
                           [this](const xmpp::Jid& from, tcp::socket socket) {
                             arrivedFrom = from;
                             arrived.emplace(std::move(socket));
                           });
    for (auto* end : {r2.get(), r3.get()}) end->client.start({});
    ASSERT_TRUE(runUntil(
        io, [&] { return r2->client.online() && r3->client.online(); }, 20s));
  }

  xmpp::Jid jid(const std::string& name) const { return xmpp::Jid::parse(server.jid(name)).value(); }
  run::Result<tcp::socket> open() { return finish(spawn(shared(r2->bytestreams.open(r3->client.self(), 10s)))).take(); }
  // finish() wants a value that can be made and moved.
  struct Opened {
    std::shared_ptr<run::Result<tcp::socket>> result;
    run::Result<tcp::socket> take() { return std::move(*result); }
  };
  static boost::asio::awaitable<Opened> shared(boost::asio::awaitable<run::Result<tcp::socket>> opening) {
    auto opened = co_await std::move(opening);
    co_return Opened{std::make_shared<run::Result<tcp::socket>>(std::move(opened))};
  }

  Usage usage{store, 10'000'000};
  xmpp::Component secondComponent{io.get_executor(), secondConfig(), run::silentLog()};
  Relay first{*this, component}, second{*this, secondComponent};
  std::unique_ptr<End> r2, r3;
  xmpp::Jid welcome = xmpp::Jid::parse("r2@robots.test").value(), arrivedFrom;
  std::optional<tcp::socket> arrived;
};

TEST_F(BytestreamsOverProsody, twoMembersExchangeBytesUntilOneIsRevoked) {
  auto socket = open().value();
  ASSERT_TRUE(arrived);
  EXPECT_EQ(arrivedFrom, r2->client.self());
  std::string there(1'000'000, 'x'), got(there.size(), ' ');
  bool isThere = false, isGone = false, isGoneToo = false;
  boost::asio::async_write(socket, boost::asio::buffer(there), [](auto...) {});
  boost::asio::async_read(*arrived, boost::asio::buffer(got), [&](auto...) { isThere = true; });
  ASSERT_TRUE(runUntil(io, [&] { return isThere; }));
  EXPECT_TRUE(got == there);

  const auto revoking = spawn(registrar.revoke(server.jid("r3")));
  const auto since = std::chrono::steady_clock::now();
  boost::asio::async_read(socket, boost::asio::buffer(there), [&](auto...) { isGone = true; });
  boost::asio::async_read(*arrived, boost::asio::buffer(got), [&](auto...) { isGoneToo = true; });
  ASSERT_TRUE(runUntil(
      io, [&] { return isGone && isGoneToo; }, 1s));
  EXPECT_LT(std::chrono::steady_clock::now() - since, 1s);
  EXPECT_TRUE(finish(revoking));
  const auto refused = finish(spawn(shared(r2->bytestreams.open(jid("r3").withResource("end").value(), 10s)))).take();
  EXPECT_EQ(refused.error().code, run::Code::unknownRobot);
}

TEST_F(BytestreamsOverProsody, theEmptierRelayIsTakenAndOneThatDiesIsReplacedWithinTwoSeconds) {
  const auto add = [&](BytestreamProxy& proxy, int number) {
    proxy.open({"0123456789abcdef" + std::to_string(number), r3->client.self(), r2->client.self()}).value();
  };
  add(first.proxy, 1);
  auto socket = open().value();
  EXPECT_EQ(first.proxy.size(), 1u);
  EXPECT_EQ(second.proxy.size(), 1u);
  add(first.proxy, 2);  // so that the dead one still looks the better one

  std::array<char, 1> room{};
  bool isGone = false;
  boost::asio::async_read(socket, boost::asio::buffer(room), [&](auto...) { isGone = true; });
  // It hangs: nobody is told that it does not answer any more.
  std::vector<xmpp::IqReply> unanswered;
  for (const auto type : {"get", "set"})
    secondComponent.handle(type, "query", xmpp::bytestreams::ns,
                           [&](const auto&, const xmpp::IqReply& reply) { unanswered.push_back(reply); });
  const auto since = std::chrono::steady_clock::now();
  second.proxy.stop();
  ASSERT_TRUE(runUntil(io, [&] { return isGone; }));
  auto again = open().value();
  const std::string there = "there";
  std::string got(there.size(), ' ');
  bool isThere = false;
  boost::asio::async_write(again, boost::asio::buffer(there), [](auto...) {});
  boost::asio::async_read(*arrived, boost::asio::buffer(got), [&](auto...) { isThere = true; });
  ASSERT_TRUE(runUntil(io, [&] { return isThere; }));
  EXPECT_LT(std::chrono::steady_clock::now() - since, 2s);
  EXPECT_EQ(got, there);
  EXPECT_FALSE(unanswered.empty());
}

TEST_F(BytestreamsOverProsody, whomTheOtherEndDoesNotWantHasNoStream) {
  welcome = jid("alice");
  EXPECT_EQ(open().error().code, run::Code::unknownRobot);
  EXPECT_FALSE(arrived);
}

TEST_F(BytestreamsOverProsody, anEndLeadsThroughNoRelayButItsOwn) {
  tcp::acceptor trap(io, {boost::asio::ip::address_v4::loopback(), 0});
  trap.non_blocking(true);
  const auto asked = [&](const std::string& relay) {
    const xmpp::bytestreams::Host elsewhere{xmpp::Jid::parse(relay).value(), "127.0.0.1", trap.local_endpoint().port()};
    const auto offer = xmpp::bytestreams::offer({"0123456789abcdef", {elsewhere}});
    return finish(spawn(r2->client.set(r3->client.self(), offer, 10s))).error();
  };
  EXPECT_EQ(asked("other.robots.test").code, run::Code::callFailed);
  // The relay itself says where it listens; there, nobody has a ticket.
  EXPECT_EQ(asked("relay.robots.test").code, run::Code::callFailed);
  EXPECT_FALSE(arrived);
  boost::system::error_code nobody;
  trap.accept(nobody);
  EXPECT_EQ(nobody, boost::asio::error::would_block);
}

TEST_F(BytestreamsOverProsody, aProxyThatIsNotThereIsTold) {
  const auto where = finish(spawn(shared(xmpp::connectThrough("127.0.0.1", test::freePort(), "key", 5s)))).take();
  EXPECT_EQ(where.error().code, run::Code::unreachable);
  EXPECT_THAT(where.error().cause, HasSubstr("no connection to 127.0.0.1 port"));
}

}  // namespace
}  // namespace beckon::relay
