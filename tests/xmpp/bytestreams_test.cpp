#include "xmpp/bytestreams.hpp"

#include "tests/xmpp/jid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace beckon::xmpp::bytestreams {
namespace {

const Session session{"vxf9n471bn46abcd", jid("requester@example.com/foo"), jid("target@example.org/bar")};
const Host host{jid("relay.example.com"), "192.0.2.1", 5480, 3, 12};

// As it is read behind a network.
Element carried(const Element& element) {
  auto out = element;
  for (auto& child : out.children)
    if (child.xmlns.empty()) child.xmlns = out.xmlns;
  return out;
}

TEST(BytestreamPayloads, theHashIsThatOfXep0065) {
  EXPECT_EQ(session.hash(), "47e93c4af0ad92ed24e15b104bd74c765754f8c1");  // by another program
}

TEST(BytestreamPayloads, aSidIsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(Session::newSid());
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_GE(seen.begin()->size(), Session::shortestSid);
}

TEST(BytestreamPayloads, areReadAsTheyAreWritten) {
  EXPECT_TRUE(readHostQuestion(carried(hostRequest())).value().target.empty());
  const auto question = readHostQuestion(carried(ticketRequest(session))).value();
  EXPECT_EQ(question.sid, session.sid);
  EXPECT_EQ(question.target, session.target);
  const auto told = readHostAnswer(carried(hostAnswer(host, std::chrono::seconds(60)))).value();
  EXPECT_EQ(told.jid, host.jid);
  EXPECT_EQ(told.host, host.host);
  EXPECT_EQ(told.port, host.port);
  EXPECT_EQ(told.load(), 0.25);
  EXPECT_EQ(readHostAnswer(carried(hostAnswer({host.jid, host.host, host.port}))).value().load(), 1);
  const auto offered = readOffer(carried(offer({session.sid, {host, host}}))).value();
  EXPECT_EQ(offered.sid, session.sid);
  ASSERT_EQ(offered.hosts.size(), 2u);
  EXPECT_EQ(offered.hosts[1].jid, host.jid);
  EXPECT_EQ(readUsed(carried(used(session.sid, host.jid))).value(), host.jid);
  const auto active = readActivation(carried(activation(session))).value();
  EXPECT_EQ(active.sid, session.sid);
  EXPECT_EQ(active.target, session.target);
}

TEST(BytestreamPayloads, whatMakesNoSenseIsRefused) {
  const auto isRefused = [](const auto& read) { return !read && read.error().code == run::Code::protocolError; };
  auto request = ticketRequest(session);
  EXPECT_TRUE(isRefused(readHostQuestion(request.set("sid", "short"))));
  EXPECT_TRUE(isRefused(readHostQuestion(request.set("sid", std::string(Session::longestSid + 1, 'a')))));
  request = ticketRequest(session);
  request.children[0].set("target", "target@example.org");  // a bare one
  EXPECT_TRUE(isRefused(readHostQuestion(request)));
  EXPECT_TRUE(isRefused(readHostAnswer(hostRequest())));
  auto unknown = hostAnswer(host);
  unknown.children[1].set("most", "-1");
  EXPECT_TRUE(isRefused(readHostAnswer(unknown)));
  for (const auto port : {"", "0", "65536", "80x", "-1"}) {
    auto answer = hostAnswer(host);
    answer.children[0].set("port", port);
    EXPECT_TRUE(isRefused(readHostAnswer(answer))) << port;
    answer.set("sid", session.sid);
    EXPECT_TRUE(isRefused(readOffer(answer))) << port;
  }
  EXPECT_TRUE(isRefused(readOffer(offer({"", {host}}))));
  EXPECT_TRUE(isRefused(readOffer(offer({session.sid, {host}}).set("mode", "udp"))));
  EXPECT_TRUE(isRefused(readUsed(hostRequest())));
  EXPECT_TRUE(isRefused(readActivation(hostRequest())));
  EXPECT_TRUE(isRefused(readActivation(activation(session).set("sid", "short"))));
  EXPECT_TRUE(isRefused(readActivation(activation({session.sid, session.requester, jid("target@example.org")}))));
}

TEST(BytestreamPayloads, ofManyHostsAFewAreRead) {
  const Offer many{session.sid, std::vector<Host>(100, host)};
  EXPECT_EQ(readOffer(offer(many)).value().hosts.size(), Offer::mostHosts);
}

}  // namespace
}  // namespace beckon::xmpp::bytestreams
