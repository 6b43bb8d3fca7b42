#include "apps/doctor/examine.hpp"

#include "directory/service_directory.hpp"
#include "tests/support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beckon::doctor {
namespace {

using namespace std::chrono_literals;
using localbus::Endpoint;
using testing::HasSubstr;

TEST(DoctorTarget, isAHostAPortOrTheAddressOfABus) {
  const auto host = readTarget("robot.local").value();
  EXPECT_EQ(host.host, "robot.local");
  EXPECT_FALSE(host.port || host.scheme);
  const auto both = readTarget("10.0.0.2:9503").value();
  EXPECT_EQ(both.host, "10.0.0.2");
  EXPECT_EQ(both.port, 9503);
  EXPECT_FALSE(both.scheme);
  const auto url = readTarget("tcps://robot").value();
  EXPECT_EQ(url.host, "robot");
  EXPECT_EQ(url.port, 9503);
  EXPECT_EQ(url.scheme, Endpoint::Scheme::tcps);
  EXPECT_EQ(readTarget("[fd00::2]:9559").value().host, "fd00::2");
  EXPECT_EQ(readTarget("[fd00::2]:9559").value().port, 9559);
  for (const char* bare : {"fd00::2", "[fd00::2]"}) {
    EXPECT_EQ(readTarget(bare).value().host, "fd00::2");
    EXPECT_FALSE(readTarget(bare).value().port);
  }
  for (const char* none : {"", "host:", "host:0", "host:99999", "host:9x", "a b", "host/path", ":9559", "udp://x",
                           "unix:///run/x", "tcp://"}) {
    const auto read = readTarget(none);
    ASSERT_FALSE(read) << none;
    EXPECT_EQ(read.error().code, run::Code::invalidArgument) << none;
    EXPECT_FALSE(read.error().nextStep.empty()) << none;
  }
}

class ExamineTest : public testing::Test {
 protected:
  Report look(const std::string& target, qi::CapabilityMap credentials = {}, std::chrono::milliseconds time = 9'500ms) {
    Question question{.target = readTarget(target).value(),
                      .credentials = std::move(credentials),
                      .tls = localbus::TlsContext::client({}).value(),
                      .machineId = "here",
                      .time = time};
    std::optional<Report> report;
    boost::asio::co_spawn(io, examine(std::move(question), {}),
                          [&](std::exception_ptr, Report done) { report = std::move(done); });
    EXPECT_TRUE(test::runUntil(
        io, [&] { return report.has_value(); }, 20s));
    return report.value_or(Report());
  }
  static std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
  boost::asio::io_context io;
};

TEST_F(ExamineTest, findsADirectorySound) {
  directory::ServiceDirectory directory(io, "here", run::silentLog());
  const auto report = look(at(directory.start({"127.0.0.1", 0}).value().port));
  EXPECT_TRUE(report.isSound()) << jsonOf(report);
  EXPECT_EQ(report.generation, "Beckon");
  directory.stop();
}

TEST_F(ExamineTest, tellsTheStepOfAuthenticationAndThePeersWords) {
  int asked = 0;
  const auto wantsToken = [&](const qi::CapabilityMap& credentials) -> localbus::AuthDecision {
    ++asked;
    if (credentials.contains("token")) return {};
    return {localbus::AuthDecision::State::refused, {}, "no entry"};
  };
  directory::ServiceDirectory directory(io, "here", run::silentLog(), wantsToken);
  const auto address = at(directory.start({"127.0.0.1", 0}).value().port);
  const auto without = look(address);
  ASSERT_EQ(without.problems.size(), 1u) << jsonOf(without);
  EXPECT_EQ(without.problems[0].code, run::Code::notAuthenticated);
  EXPECT_THAT(without.problems[0].cause, HasSubstr("it says: Authentication failed: no entry [1.0]"));
  EXPECT_LE(asked, 2);  // peers count wrong guesses
  EXPECT_TRUE(look("tcp://" + address, {{"auth_token", qi::dynamic(std::string("t"))}}).isSound());
  directory.stop();
}

TEST_F(ExamineTest, showsATokenWithoutTlsOnlyWhereTheAddressSaysSo) {
  bool isShown = false;
  const auto wantsToken = [&](const qi::CapabilityMap& credentials) -> localbus::AuthDecision {
    isShown = isShown || credentials.contains("token");
    if (isShown) return {};
    return {localbus::AuthDecision::State::refused, {}, "no entry"};
  };
  directory::ServiceDirectory directory(io, "here", run::silentLog(), wantsToken);
  const auto address = at(directory.start({"127.0.0.1", 0}).value().port);
  const qi::CapabilityMap token{{"auth_token", qi::dynamic(std::string("t"))}};
  const auto report = look(address, token);
  EXPECT_FALSE(isShown);
  ASSERT_EQ(report.problems.size(), 1u) << jsonOf(report);
  EXPECT_THAT(report.problems[0].cause, HasSubstr("yours is not shown without TLS"));
  EXPECT_THAT(report.problems[0].nextStep, HasSubstr("tcp://" + address));
  EXPECT_TRUE(look("tcp://" + address, token).isSound());
  EXPECT_TRUE(isShown);
  directory.stop();
}

TEST_F(ExamineTest, endsInTimeWhateverThePeerDoes) {
  boost::asio::ip::tcp::acceptor silent(io, {boost::asio::ip::address_v4::loopback(), 0});
  const auto begin = std::chrono::steady_clock::now();
  const auto report = look(at(silent.local_endpoint().port()), {}, 300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].code, run::Code::timedOut);
  EXPECT_FALSE(report.problems[0].nextStep.empty());
}

}  // namespace
}  // namespace beckon::doctor
