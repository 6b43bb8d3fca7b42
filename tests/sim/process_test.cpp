#include "core/run/machine_id.hpp"
#include "tests/sim/bus.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/places.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

// beckon-sim and beckon-directory as processes of their own.
namespace beckon {
namespace {

using test::arguments;
using test::ChildProcess;
using test::Milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr auto longest = std::chrono::seconds(20);  // sanitized programs start slowly

std::string program(const std::string& name) { return beckon::test::programFolder() / name; }

// The exit code once the process has ended; -1 for a signal or if it does not end.
int exitCodeOf(const ChildProcess& child) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child.pid(), 0));
  pollfd ended{handle, POLLIN, 0};
  const int events = poll(&ended, 1, static_cast<int>(Milliseconds(longest).count()));
  close(handle);
  siginfo_t info{};
  // The zombie is left to ChildProcess.
  if (events != 1 || waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT) != 0) return -1;
  return info.si_code == CLD_EXITED ? info.si_status : -1;
}

struct Processes : testing::Test {
  test::TemporaryFolder folder;
  const std::string home = getenv("HOME") ? getenv("HOME") : "/";

  // The programs keep the machine's id in their home folder.
  Processes() { setenv("HOME", folder.path().c_str(), 1); }
  ~Processes() override { setenv("HOME", home.c_str(), 1); }

  std::filesystem::path log(const std::string& name) const { return folder.path() / name; }
  std::string text(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(log(name)).rdbuf();
    return out.str();
  }
  // The rest of the first whole line that begins so; empty if none comes.
  std::string lineAfter(const std::string& name, const std::string& begin) const {
    for (const auto end = SteadyClock::now() + longest; SteadyClock::now() < end;) {
      const auto all = "\n" + text(name);
      if (const auto at = all.find("\n" + begin); at != std::string::npos)
        if (const auto stop = all.find('\n', at + 1); stop != std::string::npos)
          return all.substr(at + 1 + begin.size(), stop - at - 1 - begin.size());
      std::this_thread::sleep_for(Milliseconds(5));
    }
    return {};
  }
};

TEST_F(Processes, theDirectorySaysItsRealPortAndStopsCleanly) {
  const ChildProcess directory({program("beckon-directory"), "tcp://127.0.0.1:0"}, log("directory"));
  const auto url = lineAfter("directory", "ready ");
  const auto endpoint = localbus::Endpoint::parse(url);
  ASSERT_TRUE(endpoint) << text("directory");
  EXPECT_NE(endpoint->port, 0);

  const ChildProcess second({program("beckon-directory"), url}, log("second"));
  EXPECT_EQ(exitCodeOf(second), 4);
  EXPECT_THAT(text("second"), testing::StartsWith("error (unreachable): cannot listen on " + url +
                                                  ": Address already in use\n  next: "));

  ::kill(directory.pid(), SIGTERM);
  EXPECT_EQ(exitCodeOf(directory), 0);
}

TEST_F(Processes, badUsageIsToldWithExitCodeTwo) {
  const std::vector<std::vector<std::string>> commands{{"beckon-directory"},
                                                       {"beckon-directory", "http://x"},
                                                       {"beckon-directory", "tcp://127.0.0.1:0", "--log-level", "loud"},
                                                       {"beckon-sim"},
                                                       {"beckon-sim", "--bus", "nonsense"}};
  for (auto command : commands) {
    const auto shown = testing::PrintToString(command);
    std::filesystem::remove(log("out"));
    command[0] = program(command[0]);
    EXPECT_EQ(exitCodeOf(ChildProcess(command, log("out"))), 2) << shown;
    EXPECT_THAT(text("out"), testing::StartsWith("error (invalid-argument): ")) << shown;
    EXPECT_THAT(text("out"), testing::HasSubstr("\n  next: ")) << shown;
  }
  for (const auto* name : {"beckon-directory", "beckon-sim"}) {
    EXPECT_EQ(exitCodeOf(ChildProcess({program(name), "--help"}, log("help"))), 0);
    EXPECT_EQ(exitCodeOf(ChildProcess({program(name), "--version"}, log("help"))), 0);
  }
}

// The acceptance of the main job: kill -9 of the simulator, seen from a watcher on the bus.
struct KilledSimulator : Processes {
  const std::set<std::string> all{"ALBattery", "ALMemory", "ALMotion", "ALTextToSpeech", "ALVideoDevice"};
  test::RobotBus bus;
  std::shared_ptr<directory::Session> watcher = bus.session(run::machineId().value());
  std::set<std::string> there;
  std::optional<ChildProcess> sim;

  KilledSimulator() {
    watcher->onService([this](bool isThere, std::uint32_t, const std::string& name) {
      if (isThere)
        there.insert(name);
      else
        there.erase(name);
    });
  }
  ~KilledSimulator() override { watcher->close(); }

  void startSimulator() {
    sim.reset();
    sim.emplace(std::vector<std::string>{program("beckon-sim"), "--bus", bus.endpoint().url()}, log("sim"));
  }
  bool waitFor(const std::set<std::string>& services) {
    return bus.runUntil([&] { return there == services; }, longest);
  }
  long since(SteadyClock::time_point start) const {
    return static_cast<long>(std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - start).count());
  }
};

TEST_F(KilledSimulator, isGoneWithinASecondAndBackWithinTwo) {
  startSimulator();
  ASSERT_TRUE(waitFor(all)) << text("sim");
  const auto speech = bus.await(watcher->service("ALTextToSpeech")).value();
  const auto inFlight = bus.start(speech->call("say", arguments(std::string(1000, 'x'))));
  // An answer to a later call: the first one has arrived.
  ASSERT_TRUE(bus.await(speech->call("getLanguage", arguments())));

  const auto killed = SteadyClock::now();
  ::kill(sim->pid(), SIGKILL);
  ASSERT_TRUE(bus.runUntil([&] { return inFlight->has_value(); }, longest));
  const auto failed = since(killed);
  ASSERT_FALSE(**inFlight);
  EXPECT_EQ((*inFlight)->error().code, run::Code::serviceGone);
  EXPECT_THAT((*inFlight)->error().cause, testing::HasSubstr("ALTextToSpeech"));
  ASSERT_TRUE(waitFor({}));
  const auto gone = since(killed);
  EXPECT_LT(failed, 1000);
  EXPECT_LT(gone, 1000);
  EXPECT_EQ(bus.await(watcher->service("ALMotion")).error().code, run::Code::unknownService);

  sim->kill();  // reaps it
  const auto restarted = SteadyClock::now();
  startSimulator();
  ASSERT_TRUE(waitFor(all)) << text("sim");
  const auto back = since(restarted);
  EXPECT_LT(back, 2000);
  const auto again = bus.await(watcher->service("ALTextToSpeech")).value();
  EXPECT_TRUE(bus.await(again->call("getLanguage", arguments())));
  std::cout << "call failed after " << failed << " ms, services gone after " << gone << " ms, back " << back
            << " ms after the restart\n";
}

TEST_F(KilledSimulator, unregistersAndExitsWithZeroWhenItIsAskedTo) {
  startSimulator();
  ASSERT_TRUE(waitFor(all)) << text("sim");
  EXPECT_EQ(lineAfter("sim", "ready "), bus.endpoint().url());
  ::kill(sim->pid(), SIGTERM);
  ASSERT_TRUE(waitFor({}));
  EXPECT_EQ(exitCodeOf(*sim), 0);
}

TEST_F(Processes, theSimulatorWaitsForTheDirectoryAndComesBackAfterIt) {
  const auto url = "tcp://127.0.0.1:" + std::to_string(test::freePort());
  const ChildProcess sim({program("beckon-sim"), "--bus", url}, log("sim"));
  ASSERT_THAT(lineAfter("sim", ""), testing::HasSubstr("not on the bus (unreachable): cannot reach " + url));
  std::optional<ChildProcess> directory;
  directory.emplace(std::vector<std::string>{program("beckon-directory"), url}, log("directory"));
  EXPECT_EQ(lineAfter("sim", "ready "), url);
  directory->kill();
  // What it said so far is not of interest any more.
  const auto before = text("sim").size();
  directory.emplace(std::vector<std::string>{program("beckon-directory"), url}, log("directory"));
  const auto end = SteadyClock::now() + longest;
  while (text("sim").substr(before).find("ready " + url) == std::string::npos && SteadyClock::now() < end)
    std::this_thread::sleep_for(Milliseconds(5));
  EXPECT_THAT(text("sim"), testing::HasSubstr("the directory at " + url + " is gone"));
  EXPECT_THAT(text("sim").substr(before), testing::HasSubstr("ready " + url));
}

TEST_F(Processes, aSecondSimulatorWaitsForTheNamesOfTheFirst) {
  const ChildProcess directory({program("beckon-directory"), "tcp://127.0.0.1:0"}, log("directory"));
  const auto url = lineAfter("directory", "ready ");
  ChildProcess first({program("beckon-sim"), "--bus", url}, log("first"));
  ASSERT_EQ(lineAfter("first", "ready "), url);
  const ChildProcess second({program("beckon-sim"), "--bus", url}, log("second"));
  ASSERT_THAT(lineAfter("second", ""), testing::HasSubstr("not registered (name-taken): a service \"ALMemory\""));
  first.kill();
  EXPECT_EQ(lineAfter("second", "ready "), url);
}

}  // namespace
}  // namespace beckon
