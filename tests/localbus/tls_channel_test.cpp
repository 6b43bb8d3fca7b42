#include "localbus/tls_channel.hpp"

#include "core/qi/message.hpp"
#include "tests/localbus/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <deque>
#include <random>

// Of a sanitizer's allocator, where there is one.
extern "C" [[gnu::weak]] std::size_t __sanitizer_get_current_allocated_bytes();

namespace beckon::localbus {
namespace {

using run::Code;
using test::bytesOf;
using test::OtherTls;
using test::TlsEnd;
using testing::HasSubstr;
using testing::StartsWith;

std::size_t allocatedMemory() {
  return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes() : mallinfo2().uordblks;
}

class TlsChannelTest : public testing::Test {
 protected:
  void connect(const std::function<std::size_t()>& piece = [] { return std::size_t{1} << 30; }) {
    carry(client, server, piece);
    ASSERT_TRUE(client.channel.isEstablished());
    ASSERT_TRUE(server.channel.isEstablished());
  }
  std::string randomText(std::size_t size) {
    std::string text(size, '\0');
    std::ranges::generate(text, [this] { return static_cast<char>(random()); });
    return text;
  }

  std::minstd_rand random{1};
  test::TlsFiles files;
  TlsKeyPair own = files.issue({"x", "DNS:robot.example"});
  TlsContext serverContext = *TlsContext::server({own});
  TlsContext clientContext = *TlsContext::client({files.path("authority.pem")});
  TlsEnd client{clientContext, "robot.example"}, server{serverContext};
};

TEST_F(TlsChannelTest, isEstablishedByteByByte) {
  connect([] { return 1; });
  ASSERT_TRUE(client.channel.write(bytesOf("question")));
  ASSERT_TRUE(server.channel.write(bytesOf("answer")));
  carry(client, server, [] { return 1; });
  EXPECT_EQ(server.plain, "question");
  EXPECT_EQ(client.plain, "answer");
}

TEST_F(TlsChannelTest, prefersTls13) {
  EXPECT_EQ(client.channel.protocol(), "");
  connect();
  EXPECT_EQ(client.channel.protocol(), "TLSv1.3");
  EXPECT_EQ(server.channel.protocol(), "TLSv1.3");
}

TEST_F(TlsChannelTest, carriesMegabytesBothWaysInRandomPieces) {
  const auto piece = [this] { return 1 + random() % 40'000; };
  connect(piece);
  std::string asked, answered;
  for (const std::size_t size : {1u, 16'384u, 16'385u, 3'000'000u, 70'000u}) {
    const std::string question = randomText(size), answer = randomText(size / 2 + 1);
    ASSERT_TRUE(client.channel.write(bytesOf(question)));
    ASSERT_TRUE(server.channel.write(bytesOf(answer)));
    carry(client, server, piece);
    asked += question;
    answered += answer;
  }
  EXPECT_TRUE(server.plain == asked);
  EXPECT_TRUE(client.plain == answered);
}

TEST_F(TlsChannelTest, takesNoMoreCiphertextThanTheRoomIsWorth) {
  connect();
  ASSERT_TRUE(client.channel.write(bytesOf(std::string(1'000'000, 'x'))));
  const qi::Bytes ciphertext = client.take();
  qi::ByteView arrived = ciphertext;
  std::uint8_t room[10];
  // A record and its overhead (RFC 8446 section 5.2).
  constexpr std::size_t oneRecord = 16'384 + 256 + 5;
  for (std::size_t total = 0; total < 1'000'000;) {
    const auto got = server.channel.read(arrived, room);
    ASSERT_TRUE(got && *got > 0);
    total += *got;
    ASSERT_LE(ciphertext.size() - arrived.size(), total + total / 500 + oneRecord);
  }
  EXPECT_TRUE(arrived.empty());
  EXPECT_EQ(*server.channel.read(arrived, room), 0u);
}

TEST_F(TlsChannelTest, appendsToWhatWaitsToBeSent) {
  qi::Bytes waiting{7};
  client.channel.takeOutgoing(waiting);
  EXPECT_GT(waiting.size(), 100u);
  EXPECT_EQ(waiting.front(), 7);
  EXPECT_FALSE(client.channel.hasOutgoing());
  server.feed(qi::ByteView(waiting).subspan(1));
  EXPECT_TRUE(server.channel.hasOutgoing());
}

TEST_F(TlsChannelTest, idleChannelsCostLittleMemory) {
  constexpr std::size_t count = 50;
  std::deque<TlsEnd> ends;
  const std::string message(60'000, 'x');
  const std::size_t before = allocatedMemory();
  for (std::size_t i = 0; i < count; ++i) {
    TlsEnd dialled(clientContext, "robot.example");
    auto& accepted = ends.emplace_back(serverContext);
    carry(dialled, accepted);
    ASSERT_TRUE(dialled.channel.write(bytesOf(message)) && accepted.channel.write(bytesOf(message)));
    dialled.feed(accepted.take());
    carry(dialled, accepted);
    // Where something waits already, the channel's own buffer is not handed over.
    ASSERT_TRUE(accepted.channel.write(bytesOf(message)));
    qi::Bytes waiting{0};
    accepted.channel.takeOutgoing(waiting);
    ASSERT_EQ(accepted.plain, message);
    accepted.plain.clear();
    accepted.plain.shrink_to_fit();
  }
  // Measured: 14.8 kB, nearly all of it OpenSSL's, 22.8 under the thread sanitizer. The buffers that it would keep are
  // 34 kB more.
  EXPECT_LT((allocatedMemory() - before) / count, 25'000u);
}

TEST_F(TlsChannelTest, tellsTheNameThatWasDialledButNoAddress) {
  const auto nameTold = [&](const std::string& host) {
    TlsEnd dialling(*TlsContext::client({.verify = false}), host);
    OtherTls listening(true, 0, &own);
    carry(dialling, listening);
    const char* const name = SSL_get_servername(listening.ssl.get(), TLSEXT_NAMETYPE_host_name);
    return name ? std::string(name) : "none";
  };
  EXPECT_EQ(nameTold("robot.example"), "robot.example");
  EXPECT_EQ(nameTold("robot.example."), "robot.example");
  EXPECT_EQ(nameTold("127.0.0.1"), "none");
  EXPECT_EQ(nameTold("::1"), "none");
  EXPECT_EQ(nameTold("fe80::1%eth0"), "none");
  EXPECT_EQ(nameTold(""), "none");
}

// Peers with other settings.

TEST_F(TlsChannelTest, acceptsAPeerThatSpeaksOnlyTls12) {
  OtherTls dialling(false, TLS1_2_VERSION);
  carry(dialling, server);
  ASSERT_TRUE(server.channel.isEstablished());
  EXPECT_EQ(server.channel.protocol(), "TLSv1.2");
  dialling.write("question");
  ASSERT_TRUE(server.channel.write(bytesOf("answer")));
  carry(dialling, server);
  EXPECT_EQ(server.plain, "question");
  EXPECT_EQ(dialling.plain, "answer");

  OtherTls listening(true, TLS1_2_VERSION, &own);
  carry(client, listening);
  EXPECT_TRUE(client.channel.isEstablished());
  EXPECT_EQ(client.channel.protocol(), "TLSv1.2");
}

TEST_F(TlsChannelTest, refusesAPeerThatSpeaksOnlyTls11) {
  OtherTls dialling(false, TLS1_1_VERSION);
  carry(dialling, server);
  ASSERT_TRUE(server.failure);
  EXPECT_EQ(server.failure->code, Code::protocolError);
  EXPECT_EQ(server.failure->cause, "the client speaks neither TLS 1.2 nor 1.3");

  // It knows that it cannot, and says so.
  OtherTls listening(true, TLS1_1_VERSION, &own);
  carry(client, listening);
  ASSERT_TRUE(client.failure);
  EXPECT_EQ(client.failure->code, Code::protocolError);
  EXPECT_EQ(client.failure->cause, "robot.example speaks neither TLS 1.2 nor 1.3");
}

TEST_F(TlsChannelTest, refusesCiphersWithoutForwardSecrecyOrAuthenticatedEncryption) {
  test::Leaf rsa{"x", "DNS:robot.example"};
  rsa.rsaBits = 2048;
  own = files.issue(rsa, "rsa");
  for (const char* const ciphers : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"}) {
    OtherTls dialling(false, TLS1_2_VERSION, nullptr, ciphers);
    TlsEnd listening(*TlsContext::server({own}));
    carry(dialling, listening);
    ASSERT_TRUE(listening.failure) << ciphers;
    EXPECT_EQ(listening.failure->cause, "the client knows no cipher that is good enough");
  }
}

TEST_F(TlsChannelTest, doesNotRenegotiate) {
  OtherTls dialling(false, TLS1_2_VERSION);
  carry(dialling, server);
  ASSERT_TRUE(server.channel.isEstablished());
  SSL_renegotiate(dialling.ssl.get());
  SSL_do_handshake(dialling.ssl.get());
  const qi::Bytes hello = dialling.take();
  ASSERT_GT(hello.size(), 50u) << "the peer asks";
  server.feed(hello);
  const qi::Bytes answer = server.take();
  EXPECT_GT(answer.size(), 0u);
  EXPECT_LT(answer.size(), 50u) << "an alert, no ServerHello";
  EXPECT_FALSE(server.failure);
}

TEST_F(TlsChannelTest, sendsNoTickets) {
  const auto afterTheLastOf = [&](auto& dialling) {
    server.feed(dialling.take());
    dialling.feed(server.take());
    server.feed(dialling.take());
    EXPECT_TRUE(server.channel.isEstablished());
    return server.take().size();
  };
  EXPECT_EQ(afterTheLastOf(client), 0u);
}

// `request` makes the peer ask once more.
void floodUntilRefused(OtherTls& peer, const std::string& name, TlsEnd& ours, const std::function<void()>& request) {
  carry(peer, ours);
  ASSERT_TRUE(ours.channel.isEstablished());
  qi::Bytes flood;
  for (int i = 0; i < 5000; ++i) {
    request();
    const auto update = peer.take();
    flood.insert(flood.end(), update.begin(), update.end());
  }
  ours.feed(flood);
  ASSERT_TRUE(ours.failure);
  EXPECT_EQ(ours.failure->code, Code::protocolError);
  EXPECT_EQ(ours.failure->cause, name + " asks for new keys without end");
  const std::size_t answered = ours.take().size();
  EXPECT_GT(answered, TlsChannel::maxProvoked);
  EXPECT_LT(answered, TlsChannel::maxProvoked + 100);
}

TEST_F(TlsChannelTest, endsAFloodOfKeyUpdates) {
  OtherTls dialling(false, TLS1_3_VERSION);
  floodUntilRefused(dialling, "the client", server, [&] {
    SSL_key_update(dialling.ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(dialling.ssl.get());
  });
}

TEST_F(TlsChannelTest, endsAFloodOfWishesForANewHandshake) {
  OtherTls listening(true, TLS1_2_VERSION, &own);
  floodUntilRefused(listening, "robot.example", client, [&] {
    SSL_renegotiate(listening.ssl.get());
    SSL_do_handshake(listening.ssl.get());
  });
}

TEST_F(TlsChannelTest, answersSomeKeyUpdates) {
  OtherTls dialling(false, TLS1_3_VERSION);
  carry(dialling, server);
  for (int i = 0; i < 1000; ++i) {
    SSL_key_update(dialling.ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(dialling.ssl.get());
    carry(dialling, server);
  }
  dialling.write("question");
  ASSERT_TRUE(server.channel.write(bytesOf("answer")));
  carry(dialling, server);
  EXPECT_EQ(server.plain, "question");
  EXPECT_EQ(dialling.plain, "answer");
}

// Peers that do not speak TLS.

TEST_F(TlsChannelTest, knowsPlainQiOnBothSides) {
  const auto hello = qi::Header{1, 0, 0, qi::MessageType::call, 0, {0, 0, 8}}.encode();
  for (const std::size_t piece : {std::size_t{1}, hello.size()}) {
    for (const bool isServer : {true, false}) {
      TlsEnd end(isServer ? serverContext : clientContext, "robot.example");
      for (std::size_t at = 0; at < hello.size() && !end.failure; at += piece)
        end.feed(qi::ByteView(hello).subspan(at, piece));
      ASSERT_TRUE(end.failure);
      EXPECT_EQ(end.failure->code, Code::protocolError);
      EXPECT_EQ(end.failure->cause, std::string(isServer ? "the client" : "robot.example") + " speaks qi without TLS");
      EXPECT_EQ(end.failure->nextStep, "use tcp:// with it");
    }
  }
}

TEST_F(TlsChannelTest, refusesGarbage) {
  for (const std::string garbage : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x16\x42garbage"}) {
    TlsEnd end(serverContext);
    end.feed(bytesOf(garbage));
    ASSERT_TRUE(end.failure) << garbage;
    EXPECT_EQ(end.failure->code, Code::protocolError);
    EXPECT_EQ(end.failure->cause, "the client does not speak TLS");
  }
  const std::string almost("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10);
  server.feed(bytesOf(almost));
  ASSERT_TRUE(server.failure);
  EXPECT_EQ(server.failure->code, Code::protocolError);
  EXPECT_THAT(server.failure->cause, StartsWith("the TLS handshake with the client is broken ("));
}

TEST_F(TlsChannelTest, refusesRandomBytesAtAnyTime) {
  for (int i = 0; i < 200; ++i) {
    TlsEnd end(i % 2 ? serverContext : clientContext, "robot.example");
    const std::string noise = "\x16\x03\x03\x40" + randomText(20'000);
    end.feed(bytesOf(noise));
    ASSERT_TRUE(end.failure);
    EXPECT_EQ(end.failure->code, Code::protocolError);
    EXPECT_FALSE(end.channel.isEstablished());
  }
}

TEST_F(TlsChannelTest, refusesAChangedRecordAndStaysRefused) {
  connect();
  ASSERT_TRUE(client.channel.write(bytesOf("genuine")));
  qi::Bytes record = client.take();
  record.back() ^= 1;
  server.feed(record);
  EXPECT_EQ(server.plain, "");
  ASSERT_TRUE(server.failure);
  EXPECT_EQ(server.failure->code, Code::protocolError);
  EXPECT_THAT(server.failure->cause, StartsWith("the TLS stream from the client is broken ("));

  ASSERT_TRUE(client.channel.write(bytesOf("more")));
  qi::ByteView none;
  std::uint8_t room[100];
  EXPECT_EQ(server.channel.read(none, room).error().cause, server.failure->cause);
  EXPECT_EQ(server.channel.write(bytesOf("x")).error().cause, server.failure->cause);
  EXPECT_EQ(server.channel.end().cause, server.failure->cause);
  server.channel.close();
  carry(server, client);
  ASSERT_TRUE(client.failure) << "the alert tells the peer";
  EXPECT_EQ(client.failure->cause, "robot.example ended TLS (bad record mac)");
}

TEST_F(TlsChannelTest, writesNothingBeforeItIsEstablishedNorAfterItsClose) {
  EXPECT_THROW((void)client.channel.write(bytesOf("x")), std::logic_error);
  EXPECT_THROW((void)server.channel.write(bytesOf("x")), std::logic_error);
  connect();
  client.channel.close();
  EXPECT_THROW((void)client.channel.write(bytesOf("x")), std::logic_error);
}

// Ends.

TEST_F(TlsChannelTest, aCloseIsTold) {
  connect();
  ASSERT_TRUE(client.channel.write(bytesOf("last")));
  client.channel.close();
  client.channel.close();
  carry(client, server);
  EXPECT_EQ(server.plain, "last");
  EXPECT_FALSE(server.failure);
  EXPECT_TRUE(server.channel.isClosedByPeer());
  EXPECT_EQ(server.channel.end().code, Code::connectionLost);
  EXPECT_EQ(server.channel.end().cause, "the client closed the TLS connection");
  EXPECT_FALSE(client.channel.isClosedByPeer());

  server.feed(bytesOf("what follows is not read"));
  EXPECT_FALSE(server.failure);
  ASSERT_TRUE(server.channel.write(bytesOf("answer"))) << "the other direction is still open";
  server.channel.close();
  carry(server, client);
  EXPECT_EQ(client.plain, "answer");
  EXPECT_TRUE(client.channel.isClosedByPeer());
}

TEST_F(TlsChannelTest, aCutIsToldFromAClose) {
  connect();
  ASSERT_TRUE(client.channel.write(bytesOf("first")));
  client.channel.close();
  const qi::Bytes bytes = client.take();
  server.feed(qi::ByteView(bytes).first(bytes.size() - 1));  // all but the last byte of the close
  EXPECT_EQ(server.plain, "first");
  EXPECT_FALSE(server.channel.isClosedByPeer());
  EXPECT_EQ(server.channel.end().code, Code::connectionLost);
  EXPECT_EQ(server.channel.end().cause, "the TLS connection to the client was cut: it ended without being closed");
}

TEST_F(TlsChannelTest, anEndDuringTheHandshakeHintsAtPlainTcp) {
  EXPECT_EQ(client.channel.end().code, Code::connectionLost);
  EXPECT_EQ(client.channel.end().cause, "robot.example ended the connection during the TLS handshake");
  EXPECT_THAT(client.channel.end().nextStep, HasSubstr("tcp://"));
  client.take();
  client.channel.close();
  EXPECT_FALSE(client.channel.hasOutgoing()) << "there is nothing to close";
}

}  // namespace
}  // namespace beckon::localbus
