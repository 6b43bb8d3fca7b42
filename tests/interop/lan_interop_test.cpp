#include "tests/gateway/lan_fixture.hpp"
#include "tests/interop/vec.hpp"
#include "tests/support/child_process.hpp"

#include <fstream>
#include <sstream>

// A libqi program that comes in by the LAN door, through TLS, with user and token (docs/interop.md).
namespace beckon::test {
namespace {

using namespace std::chrono_literals;

class LanInterop : public LanFixture {
 protected:
  // Runs the program to its end; what it wrote.
  std::string run(const std::string& mode, const std::string& token) {
    ChildProcess program({"env", "HOME=" + home.path().string(), "QI_LOG_LEVEL=2", "QI_USER=anybody",
                          "QI_TOKEN=" + token, BECKON_LIBQI_PROGRAM, mode, endpoint.url()},
                         log);
    EXPECT_TRUE(bus.loop.runUntil([&] { return !program.running(); }, 30s));
    std::ifstream stream(log);
    return (std::ostringstream() << stream.rdbuf()).str();
  }
  void expectPassed(const std::string& mode) {
    const auto text = run(mode, "token of owner");
    EXPECT_NE(text.find("PASSED"), std::string::npos) << text;
    EXPECT_EQ(text.find("FAIL"), std::string::npos) << text;
  }

  TemporaryFolder home;
  const std::filesystem::path log = home.path() / "log";
};

TEST_F(LanInterop, libqiCallsHearsAndSetsThroughTheDoor) {
  provide("Vec", makeVec());
  open();
  expectPassed("use");
}

TEST_F(LanInterop, libqiGivesAndTakesObjectsAndCancelsThroughTheDoor) {
  ObjectsService objects;
  provide("Objects", objects.object);
  open();
  expectPassed("objects");
  objects.counter.waiting.clear();
}

TEST_F(LanInterop, libqiRegistersAServiceThroughTheDoorIfARuleGrantsIt) {
  open();
  expectPassed("visit");
  open(rule("all", "token:owner", R"("*")", R"(["*"])"));
  const auto text = run("visit", "token of owner");
  EXPECT_NE(text.find("FAIL"), std::string::npos) << text;
}

TEST_F(LanInterop, libqiIsToldThatItsTokenIsWrong) {
  open();
  const auto text = run("use", "guessed");
  EXPECT_NE(text.find("FAIL"), std::string::npos) << text;
}

}  // namespace
}  // namespace beckon::test
