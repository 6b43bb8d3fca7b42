// Calls and events through a real Prosody on loopback, over TLS: a remote and a robot in a thread each, the service
// behind the robot's door on its bus. The limit is what the same engine and server do with nothing around it: a bare
// IQ ping between the two accounts, bare messages. And how much memory beckond takes.
#include "bench/report.hpp"
#include "directory/service_directory.hpp"
#include "directory/session.hpp"
#include "gateway/doors/iq_door.hpp"
#include "localbus/object_builder.hpp"
#include "remote/remote.hpp"
#include "tests/support/prosody.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>

namespace beckon::bench {
namespace {

using boost::asio::awaitable;
using Clock = std::chrono::steady_clock;
using xmpp::Element;
using xmpp::Jid;
namespace rpc = xmpp::rpc;

constexpr int warmUp = 200;
constexpr int calls = 5000;
constexpr int batch = 200;  // events that are on their way at once
constexpr int batches = 25;
constexpr const char* machine = "6f1f3f5c-0000-4000-8000-000000000002";
constexpr std::chrono::seconds patience{10};

Jid jid(const std::string& text) { return Jid::parse(text).value(); }

xmpp::ClientStreamConfig account(const test::Prosody& server, const std::string& name, const std::string& resource) {
  xmpp::ClientStreamConfig out;
  out.account = jid(server.jid(name));
  out.resource = resource;
  out.password = "secret";
  out.host = server.host();
  out.port = server.port();
  out.caFile = server.caFile();
  return out;
}

// A robot with its directory, one service, its door and its account, on a loop in a thread of its own.
class Robot {
 public:
  explicit Robot(const test::Prosody& server) : directory_(io_, machine, run::silentLog()) {
    const auto endpoint = directory_.start({"127.0.0.1", 0}).value();
    std::promise<void> ready;
    boost::asio::co_spawn(io_, start(endpoint, server, ready), boost::asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    ready.get_future().get();
  }
  ~Robot() {
    boost::asio::post(io_, [this] {
      door_.close();
      requests_->close();
      client_->stop();
      inside_->close();
      provider_->close();
      directory_.stop();
    });
    thread_.join();
  }

 private:
  awaitable<void> start(localbus::Endpoint endpoint, const test::Prosody& server, std::promise<void>& ready) {
    directory::Session::Options options;
    options.machineId = machine;
    provider_ = (co_await directory::Session::connect(io_, endpoint, options, run::silentLog())).value();
    inside_ = (co_await directory::Session::connect(io_, endpoint, options, run::silentLog())).value();
    localbus::ObjectBuilder builder;
    builder.method("echo", [](std::int32_t number) { return number; });
    const auto tick = builder.signal<std::int32_t>("tick");
    builder.method("fire", [tick](std::int32_t count) {
      for (std::int32_t i = 0; i < count; ++i) tick(i);
    });
    const auto registered = co_await provider_->registerService("Bench", builder.build());
    registered.value();
    requests_->use(inside_);

    xmpp::Client::Config config;
    config.contacts = {jid(server.jid("owner"))};
    config.features = {std::string(rpc::ns)};
    config.node = "urn:beckon:bench";
    config.ownsRoster = true;
    config.payload = {Element("robot", "urn:beckon:robot:0").set("id", "bench")};
    const auto how = account(server, "robot", "bench");
    client_.emplace(
        io_.get_executor(), [this, how] { return xmpp::makeClientStream(io_.get_executor(), how, run::silentLog()); },
        config, run::silentLog());
    door_.open(*client_);
    // The same as `fire`, without a bus and a door.
    client_->handle("set", "burst", "urn:beckon:bench",
                    [this](const xmpp::IqRequest& request, const xmpp::IqReply& reply) {
                      reply.result();
                      for (int i = 0; i < batch; ++i)
                        client_->send(Element("message", std::string(xmpp::ns::client))
                                          .set("type", "headline")
                                          .set("to", request.from.text())
                                          .add(Element("tick", "urn:beckon:bench", "[" + std::to_string(i) + "]"))
                                          .add(Element("no-store", "urn:xmpp:hints")));
                    });
    client_->start(
        {.online = [&ready](const Jid&) { ready.set_value(); }, .offline = {}, .presence = {}, .message = {}});
  }

  boost::asio::io_context io_{1};
  directory::ServiceDirectory directory_;
  std::shared_ptr<directory::Session> provider_, inside_;
  std::optional<xmpp::Client> client_;
  policy::Authority authority_{policy::Policy::ofAccounts({"owner@robots.test"})};
  std::shared_ptr<gateway::XmppRequests> requests_ =
      std::make_shared<gateway::XmppRequests>(io_, authority_, run::silentLog());
  gateway::IqDoor door_{requests_};
  std::thread thread_;
};

// The owner's account: a remote, and a bare client beside it.
class Owner {
 public:
  explicit Owner(const test::Prosody& server)
      : robot_(jid(server.jid("robot") + "/bench")),
        remote_(io_, {.stream = account(server, "owner", "remote"), .robots = {robot_.bare()}}, run::silentLog()),
        bare_(
            io_.get_executor(),
            [this, how = account(server, "owner", "bare")] {
              return xmpp::makeClientStream(io_.get_executor(), how, run::silentLog());
            },
            bareConfig(robot_.bare()), run::silentLog()) {
    await([this]() -> awaitable<void> { (co_await remote_.start()).value(); });
    bool isOnline = false;
    bare_.start({.online = [&](const Jid&) { isOnline = true; },
                 .offline = {},
                 .presence = {},
                 .message = [this](const Element&) { ++arrived_; }});
    until([&] { return isOnline; });
    // Seen by presence, so that the first call finds it.
    await([this]() -> awaitable<void> {
      for (;;) {
        const auto listing = co_await remote_.robots();
        if (listing.robots.front().isThere()) co_return;
      }
    });
  }
  ~Owner() {
    remote_.stop();
    bare_.stop();
  }

  // Microseconds; one at a time, so that calls and pings alternate.
  double call() {
    return time([this]() -> awaitable<void> {
      auto arguments = qi::Json::array({42});
      const auto answer = co_await remote_.call("robot", "Bench", "echo", std::move(arguments), rpc::usualTime);
      answer.value();
    });
  }
  double ping() {
    return time([this]() -> awaitable<void> {
      Element payload("ping", std::string(xmpp::ns::ping));
      const auto answer = co_await bare_.get(robot_, std::move(payload), patience);
      answer.value();
    });
  }

  // A second.
  double events() {
    int seen = 0;
    std::shared_ptr<remote::Watch> watch;
    await([&]() -> awaitable<void> {
      remote::Watch::Events events;
      events.value = [&seen](const qi::Value&) { ++seen; };
      events.missed = [](std::optional<std::uint64_t>) { throw std::runtime_error("events were dropped"); };
      auto begin = remote_.watch("robot", "Bench", "tick", std::move(events));
      watch = (co_await std::move(begin)).value();
    });
    const auto begun = Clock::now();
    for (int i = 1; i <= batches; ++i) {
      await([this]() -> awaitable<void> {
        auto arguments = qi::Json::array({batch});
        const auto posted = co_await remote_.post("robot", "Bench", "fire", std::move(arguments));
        posted.value();
      });
      until([&] { return seen >= i * batch; });
    }
    return batch * batches / (microseconds(begun) / 1e6);
  }
  double messages() {
    arrived_ = 0;
    const auto begun = Clock::now();
    for (int i = 1; i <= batches; ++i) {
      await([this]() -> awaitable<void> {
        Element payload("burst", "urn:beckon:bench");
        const auto answer = co_await bare_.set(robot_, std::move(payload), patience);
        answer.value();
      });
      until([&] { return arrived_ >= i * batch; });
    }
    return batch * batches / (microseconds(begun) / 1e6);
  }

 private:
  static double microseconds(Clock::time_point begun) {
    return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
  }
  template <class Work>
  double time(Work work) {
    double taken = 0;
    await([&]() -> awaitable<void> {
      const auto begun = Clock::now();
      co_await work();
      taken = microseconds(begun);
    });
    return taken;
  }
  static xmpp::Client::Config bareConfig(const Jid& robot) {
    xmpp::Client::Config config;
    config.contacts = {robot};
    return config;
  }
  template <class Condition>
  void until(Condition holds) {
    const auto end = Clock::now() + std::chrono::seconds(30);
    while (!holds()) {
      if (Clock::now() > end) throw std::runtime_error("nothing came in 30 s");
      io_.restart();
      io_.run_one_for(std::chrono::seconds(1));
    }
  }
  template <class Work>
  void await(Work work) {
    bool isDone = false;
    boost::asio::co_spawn(io_, work, [&](std::exception_ptr problem) {
      if (problem) std::rethrow_exception(problem);
      isDone = true;
    });
    until([&] { return isDone; });
  }

  boost::asio::io_context io_{1};
  const Jid robot_;
  remote::Remote remote_;
  xmpp::Client bare_;
  int arrived_ = 0;
};

// Resident memory of beckond in MB, with so many services on its bus.
double memory(const test::Prosody& server, int services) {
  const test::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name) << text;
    chmod((folder.path() / name).c_str(), 0600);
  };
  write("password", "secret\n");
  write("robot.toml", "[xmpp]\naccount = \"" + server.jid("other") + "\"\npassword_file = \"password\"\nhost = \"" +
                          server.host() + "\"\nport = " + std::to_string(server.port()) + "\nca_file = \"" +
                          server.caFile() + "\"\n[bus]\nlisten = \"tcp://127.0.0.1:0\"\n");
  const auto log = folder.path() / "log";
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "beckond";
  const test::ChildProcess beckond({program.string(), "run", "--config", (folder.path() / "robot.toml").string()}, log);
  const auto line = [&](const std::string& beginning) {
    std::ifstream in(log);
    for (std::string text; std::getline(in, text);)
      if (text.starts_with(beginning)) return text.substr(beginning.size());
    return std::string();
  };
  boost::asio::io_context io(1);
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (line("announced ").empty() || line("ready ").empty()) {
    if (Clock::now() > end) throw std::runtime_error("beckond does not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::shared_ptr<directory::Session> session;
  const auto populate = [&]() -> awaitable<void> {
    directory::Session::Options options;
    options.machineId = machine;
    const auto bus = localbus::Endpoint::parse(line("ready ")).value();
    session = (co_await directory::Session::connect(io, bus, options, run::silentLog())).value();
    for (int i = 0; i < services; ++i) {
      localbus::ObjectBuilder builder;
      builder.method("echo", [](std::int32_t number) { return number; });
      const auto registered = co_await session->registerService("Service" + std::to_string(i), builder.build());
      registered.value();
    }
    io.stop();
  };
  boost::asio::co_spawn(io, populate, boost::asio::detached);
  io.run();
  std::ifstream status("/proc/" + std::to_string(beckond.pid()) + "/status");
  for (std::string word; status >> word;)
    if (word == "VmRSS:" && status >> word) return std::stod(word) / 1024;
  throw std::runtime_error("beckond has no memory");
}

void measure(Report& report) {
  const test::Prosody server{{"robot", "secret"}, {"owner", "secret"}, {"other", "secret"}};
  {
    Robot robot(server);
    Owner owner(server);
    for (int i = 0; i < warmUp; ++i) owner.call();
    report.add({"xmpp.call", "us", [&] { return owner.call(); }, {}, [&] { return owner.ping(); }}, calls);
    report.add({"xmpp.events", "1/s", [&] { return owner.events(); }, {}, [&] { return owner.messages(); }, false});
  }
  report.add({"beckond.memory.idle", "MB", [&] { return memory(server, 0); }, {}, {}}, 3);
  report.add({"beckond.memory.1000services", "MB", [&] { return memory(server, 1000); }, {}, {}}, 3);
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto options = beckon::bench::parseOptions(argc, argv);
  beckon::bench::Report report(options);
  beckon::bench::measure(report);
  return report.finish();
}
