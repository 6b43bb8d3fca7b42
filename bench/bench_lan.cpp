// The LAN door beside a bare TLS forwarder: the same service, client and TLS, and in between the gateway with a policy
// of a thousand rules, or a program that only decrypts on one side and copies to the other.
#include "bench/report.hpp"
#include "bench/tls_forwarder.hpp"
#include "directory/service_directory.hpp"
#include "gateway/doors/lan_door.hpp"
#include "localbus/dial.hpp"
#include "localbus/tls_self_signed.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/co_spawn.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace beckon::bench {
namespace {

using localbus::Endpoint;
using localbus::TlsContext;

constexpr const char* machine = "bench";

// A process of its own that says its port once it is ready.
class Child {
 public:
  explicit Child(const std::function<void(const std::function<void(std::uint16_t)>& ready)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ == 0) {
      ::close(ends[0]);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      body([&](std::uint16_t port) {
        if (::write(ends[1], &port, sizeof port) != sizeof port) ::_exit(1);
      });
      ::_exit(0);
    }
    ::close(ends[1]);
    const bool isReady = ::read(ends[0], &port_, sizeof port_) == sizeof port_;
    ::close(ends[0]);
    if (!isReady) throw std::runtime_error("a program of the bench does not start");
  }
  ~Child() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::uint16_t port() const { return port_; }
  // Microseconds on a core since it began.
  double cpuTime() const {
    std::ifstream file("/proc/" + std::to_string(process_) + "/schedstat");
    double nanoseconds = 0;
    file >> nanoseconds;
    return nanoseconds / 1000;
  }

 private:
  pid_t process_ = 0;
  std::uint16_t port_ = 0;
};

void serve(const std::function<void(std::uint16_t)>& ready) {
  boost::asio::io_context io(1);
  directory::ServiceDirectory directory(io, machine, run::silentLog());
  const auto listening = directory.start({"127.0.0.1", 0}).value();
  localbus::ObjectBuilder builder;
  builder.method("echo", [](std::int32_t number) { return number; });
  builder.method("sink", [](qi::ByteView bytes) { return static_cast<std::int32_t>(bytes.size()); });
  directory.add("Bench", builder.build()).value();
  ready(listening.port);
  io.run();
}

std::uint64_t bytesIn(const std::filesystem::path& folder) {
  std::uint64_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) out += entry.file_size();
  return out;
}

std::string thousandRules() {
  std::string out;
  for (int i = 0; i < 999; ++i)
    out += "[[rule]]\nname = \"r" + std::to_string(i) + "\"\nwho = [\"token:bench\"]\nmay = [\"call\"]\non = [\"Other" +
           std::to_string(i) + "\"]\n";
  return out + "[[rule]]\nname = \"bench\"\nwho = [\"token:bench\"]\nmay = [\"call\"]\non = [\"Bench\"]\n";
}

// `record`: the folder of one; empty: nothing is recorded.
void openDoor(std::uint16_t bus, const TlsContext& tls, const std::filesystem::path& record,
              const std::function<void(std::uint16_t)>& ready) {
  boost::asio::io_context io(1);
  const auto onBus = [&](const qi::CapabilityMap& capabilities) {
    directory::Session::Options options;
    options.machineId = machine;
    for (const auto& [key, value] : capabilities) options.capabilities.insert_or_assign(key, value);
    return directory::Session::keep(io, {"127.0.0.1", bus}, options, run::silentLog());
  };
  policy::Authority authority(policy::Policy::parse(thousandRules(), "bench").value());
  const auto own = onBus({});
  gateway::LanDoor::Options options;
  options.machineId = machine;
  options.admit = [](const auto&) { return policy::Admitted{"token:bench", {}, 1}; };
  options.bus = onBus;
  policy::audit::Options recording;
  recording.folder = record;
  if (!record.empty())
    options.trail = policy::audit::Trail::open(io.get_executor(), recording, run::silentLog()).value();
  gateway::LanDoor door(io, authority, own, std::move(options), run::silentLog());
  own->onOpened([&] {
    door.busIsThere();
    ready(door.start({"127.0.0.1", 0, Endpoint::Scheme::tcps}, tls).value().port);
  });
  io.run();
}

// One end of it, with whatever is between it and the service.
class Client {
 public:
  Client(std::uint16_t port, const TlsContext& tls) {
    localbus::DialOptions options;
    options.tls = tls;
    const auto enter = [this, port, options]() -> boost::asio::awaitable<void> {
      auto dialing = localbus::dial(io_, {"127.0.0.1", port, Endpoint::Scheme::tcps}, options, run::silentLog());
      connection_ = (co_await std::move(dialing)).value();
      auto opening = localbus::RemoteObject::open(connection_, qi::directoryService, "ServiceDirectory");
      const auto directory = (co_await std::move(opening)).value();
      const qi::Value name = qi::Tuple{{std::string("Bench")}, {}};
      auto asking = directory->call("service", name);
      const auto info = qi::fromValue<directory::ServiceInfo>((co_await std::move(asking)).value()).value();
      auto finding = localbus::RemoteObject::open(connection_, info.serviceId, "Bench");
      bench_ = (co_await std::move(finding)).value();
    };
    run(enter);
    echo_ = bench_->metaObject().findMethod("echo")->uid;
    sink_ = bench_->metaObject().findMethod("sink")->uid;
  }
  ~Client() { connection_->close({run::Code::connectionLost, "the bench ends", {}}); }

  // Microseconds of the median call, one at a time.
  double callTime() {
    std::vector<double> times;
    for (int i = 0; i < 4000; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      bool isDone = false;
      call(echo_, qi::encode(std::int32_t{i}), [&] { isDone = true; });
      while (!isDone) io_.run_one();
      times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count());
    }
    std::ranges::nth_element(times, times.begin() + 2000);
    return times[2000];
  }
  // Calls in a second, `outstanding` at a time.
  double rate(std::uint32_t action, const qi::Bytes& arguments, int calls, int outstanding) {
    int sent = 0, answered = 0;
    const std::function<void()> next = [&] {
      ++answered;
      if (sent >= calls) return;
      ++sent;
      call(action, arguments, next);
    };
    const auto begun = std::chrono::steady_clock::now();
    for (; sent < outstanding; ++sent) call(action, arguments, next);
    while (answered < calls) io_.run_one();
    return calls / std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  }
  static constexpr int inARow = 100'000;
  double pipelined() { return rate(echo_, qi::encode(std::int32_t{7}), inARow, 256); }
  // Microseconds of a core that `between` needs for one of them.
  double cpuOfACall(const Child& between) {
    const auto before = between.cpuTime();
    pipelined();
    return (between.cpuTime() - before) / inARow;
  }
  // Megabytes in a second, one way.
  double throughput() { return rate(sink_, qi::encode(qi::Bytes(1'000'000)), 200, 4); }

 private:
  void call(std::uint32_t action, const qi::Bytes& arguments, const std::function<void()>& done) {
    bench_->callAction(action, arguments, std::chrono::seconds(20), [done](run::Result<localbus::Answer> answer) {
      if (!answer) throw std::runtime_error(answer.error().cause);
      done();
    });
  }
  template <class Coroutine>
  void run(const Coroutine& coroutine) {
    bool isDone = false;
    boost::asio::co_spawn(io_, coroutine, [&](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
      isDone = true;
    });
    while (!isDone) io_.run_one();
  }

  boost::asio::io_context io_{1};
  std::shared_ptr<localbus::Connection> connection_;
  std::shared_ptr<localbus::RemoteObject> bench_;
  std::uint32_t echo_ = 0, sink_ = 0;
};

int measure(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const test::TemporaryFolder folder;
  const localbus::TlsKeyPair own{folder.path() / "lan.pem", folder.path() / "lan.key"};
  localbus::makeSelfSigned(own).value();
  const auto tls = TlsContext::server({.own = own, .asksForKeys = true}).value();
  const auto pinned = TlsContext::client({.pin = tls.ownKey()}).value();
  Child server(&serve);
  const auto record = folder.path() / "audit";
  Child door([&](const auto& ready) { openDoor(server.port(), tls, {}, ready); });
  Child recorded([&](const auto& ready) { openDoor(server.port(), tls, record, ready); });
  Child forwarder([&](const auto& ready) { forwardTls(server.port(), tls, ready); });
  Client byDoor(door.port(), pinned), byForwarder(forwarder.port(), pinned), byRecorded(recorded.port(), pinned);
  Report report(options);
  report.add({"gateway.call", "us", [&] { return byDoor.callTime(); }, {}, [&] { return byForwarder.callTime(); }});
  report.add({"gateway.calls256",
              "1/s",
              [&] { return byDoor.pipelined(); },
              {},
              [&] { return byForwarder.pipelined(); },
              false});
  report.add({"gateway.raw1MB",
              "MB/s",
              [&] { return byDoor.throughput(); },
              {},
              [&] { return byForwarder.throughput(); },
              false});
  // With the record, beside the same door without.
  report.add({"gateway.recorded", "us", [&] { return byRecorded.callTime(); }, {}, [&] { return byDoor.callTime(); }});
  report.add({"gateway.recorded256",
              "1/s",
              [&] { return byRecorded.pipelined(); },
              {},
              [&] { return byDoor.pipelined(); },
              false});
  report.add({"gateway.recordedCpu",
              "us",
              [&] { return byRecorded.cpuOfACall(recorded); },
              {},
              [&] { return byDoor.cpuOfACall(door); }});
  report.add({"gateway.recordedBytes",
              "B",
              [&] {
                const auto before = bytesIn(record);
                byRecorded.pipelined();
                return static_cast<double>(bytesIn(record) - before) / Client::inARow;
              },
              {},
              {}});
  return report.finish();
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) { return beckon::bench::measure(beckon::bench::parseOptions(argc, argv)); }
