#include "xmpp/resolve.hpp"

#include <gtest/gtest.h>

#include <map>

namespace beckon::xmpp {
namespace {

void writeNumber(std::vector<std::uint8_t>& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void writeName(std::vector<std::uint8_t>& out, std::initializer_list<std::string> labels) {
  for (const auto& label : labels) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
  }
  out.push_back(0);
}

// A question for "x.test" and two answers, the second of them an SRV record (RFC 1035 section 4, RFC 2782).
std::vector<std::uint8_t> srvAnswer() {
  std::vector<std::uint8_t> out;
  for (const unsigned field : {1u, 0x8180u, 1u, 2u, 0u, 0u}) writeNumber(out, field);
  writeName(out, {"x", "test"});
  for (const unsigned field : {33u, 1u}) writeNumber(out, field);
  for (const unsigned field : {0xC00Cu, 16u, 1u, 0u, 60u, 2u, 0x0141u}) writeNumber(out, field);  // TXT "A"
  for (const unsigned field : {0xC00Cu, 33u, 1u, 0u, 60u, 6u + 9u}) writeNumber(out, field);
  for (const unsigned field : {10u, 5u, 15222u}) writeNumber(out, field);
  writeName(out, {"xm", "test"});
  return out;
}

TEST(Resolve, readsSrvRecords) { EXPECT_EQ(readSrv(srvAnswer()), (std::vector<SrvRecord>{{10, 5, 15222, "xm.test"}})); }

TEST(Resolve, survivesAnAnswerThatIsCutOrBroken) {
  const auto whole = srvAnswer();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_TRUE(readSrv(cut).empty()) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const int value : {0x00, 0x3f, 0xc0, 0xff}) {
      auto broken = whole;
      broken[i] = static_cast<std::uint8_t>(value);
      readSrv(broken);
    }
}

TEST(Resolve, ordersSrvRecordsByPriorityAndSharesByWeight) {
  std::mt19937 random(1);
  std::map<std::string, int> first;
  for (int i = 0; i < 1000; ++i) {
    const auto ordered = orderSrv({{20, 0, 1, "last"}, {10, 10, 1, "seldom"}, {10, 90, 1, "often"}}, random);
    ASSERT_EQ(ordered.size(), 3u);
    EXPECT_EQ(ordered[2].target, "last");
    ++first[ordered[0].target];
  }
  EXPECT_NEAR(first["often"], 900, 50);
}

TEST(Resolve, takesTheConfiguredHostAndItsPort) {
  const auto given = resolve({"robots.test", "127.0.0.1", 15222});
  ASSERT_TRUE(given);
  EXPECT_EQ(*given, (std::vector<Route>{{{"127.0.0.1", 15222}}}));
  EXPECT_EQ(resolve({"robots.test", "127.0.0.1"})->front().dial.port, 5222);
}

TEST(Resolve, speaksTlsFromTheFirstByteAtThePortsWhereThatIsUsual) {
  for (const unsigned short port : {443, 5223})
    EXPECT_TRUE(resolve({"robots.test", "127.0.0.1", port})->front().directTls);
  EXPECT_FALSE(resolve({"robots.test", "127.0.0.1"})->front().directTls);
}

TEST(Resolve, leavesTheServersNameToAProxy) {
  const auto routes = resolve({"robots.test", "no-such-host.invalid", 5222, {"127.0.0.1", 3128}});
  ASSERT_TRUE(routes) << routes.error().cause;
  EXPECT_EQ(*routes, (std::vector<Route>{{{"127.0.0.1", 3128}, false, "no-such-host.invalid", 5222}}));
}

TEST(Resolve, speaksTlsFirstAtThosePortsOfTheDomainToo) {
  const auto routes = resolve({"127.0.0.1", "", 443});
  ASSERT_TRUE(routes) << routes.error().cause;
  EXPECT_EQ(*routes, (std::vector<Route>{{{"127.0.0.1", 443}, true}}));
}

}  // namespace
}  // namespace beckon::xmpp
