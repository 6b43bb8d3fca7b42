// A typed call echo(i)i over TCP on loopback, one after the other: caller and service in a thread each, on a core each
// where cores are given. The limit is the same number of bytes there and back with nothing around it: over Asio, as
// the connection uses it, and with plain blocking sockets. The peer is libqi, in a process of its own.
#include "bench/ipc_raw.hpp"
#include "bench/lpc_call.hpp"
#include "bench/report.hpp"
#include "localbus/dial.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <thread>

namespace beckon::bench {
namespace {

using Tcp = boost::asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr int warmUp = 500;
constexpr int calls = 5000;
// A call and its answer: header and one int32.
constexpr std::size_t messageSize = qi::Header::size + 4;

// How long each call took, from which a run's figure is taken.
class Latencies {
 public:
  Latencies() { microseconds_.reserve(calls); }
  void begin() { begun_ = Clock::now(); }
  // False when there are enough.
  bool end() {
    if (++done_ > warmUp)
      microseconds_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun_).count());
    return done_ < warmUp + calls;
  }
  double percentile(double part) {
    const auto at = microseconds_.begin() + static_cast<std::ptrdiff_t>(part * (calls - 1));
    std::ranges::nth_element(microseconds_, at);
    return *at;
  }

 private:
  std::vector<double> microseconds_;
  Clock::time_point begun_;
  int done_ = 0;
};

// Where no cores are given.
constexpr int anyCore = -1;

void pinThread(int core) {
  if (core == anyCore) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// Our service, on a loop in a thread of its own.
class Service {
 public:
  explicit Service(int core) {
    localbus::ObjectBuilder builder;
    builder.method("echo", [](std::int32_t number) { return number; });
    host_.add(2, qi::mainObject, builder.build());
    endpoint_ = listener_.start({"127.0.0.1", 0}).value();
    thread_ = std::thread([this, core] {
      pinThread(core);
      io_.run();
    });
  }
  ~Service() {
    boost::asio::post(io_, [this] { listener_.stop(); });
    thread_.join();
  }
  const localbus::Endpoint& endpoint() const { return endpoint_; }

 private:
  boost::asio::io_context io_{1};
  localbus::ObjectHost host_;
  localbus::Listener listener_{io_, host_, {}, run::silentLog()};
  localbus::Endpoint endpoint_;
  std::thread thread_;
};

boost::asio::awaitable<void> open(boost::asio::io_context& io, localbus::Endpoint endpoint,
                                  std::shared_ptr<localbus::RemoteObject>& object) {
  auto dialing = localbus::dial(io, endpoint, {}, run::silentLog());  // gcc 12 would end its options twice
  const auto connection = (co_await std::move(dialing)).value();
  object = (co_await localbus::RemoteObject::open(connection, 2, "Echo")).value();
}

double callOurs(const Service& service, double part) {
  boost::asio::io_context io(1);
  std::shared_ptr<localbus::RemoteObject> object;
  boost::asio::co_spawn(io, open(io, service.endpoint(), object), [&](std::exception_ptr problem) {
    if (problem) std::rethrow_exception(problem);
    io.stop();
  });
  io.run();
  io.restart();
  const auto echo = object->method<std::int32_t(std::int32_t)>("echo").value();
  Latencies latencies;
  std::function<void()> next = [&] {
    latencies.begin();
    echo.call(
        std::chrono::seconds(5),
        [&](run::Result<std::int32_t> answer) {
          if (answer.value() != 42) throw std::logic_error("not the same number");
          latencies.end() ? next() : io.stop();
        },
        42);
  };
  next();
  io.run();
  object->connection()->close({run::Code::connectionLost, "measured", {}});
  return latencies.percentile(part);
}

// Sends back what comes, until the caller hangs up. Both plain echoes are served by it where only the caller differs
// in how it waits: `blocking` says how.
class PlainEcho {
 public:
  PlainEcho(bool blocking, int core) : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}), socket_(io_) {
    thread_ = std::thread([this, blocking, core] {
      pinThread(core);
      acceptor_.accept(socket_);
      socket_.set_option(Tcp::no_delay(true));
      if (blocking) return echoBlocking(socket_.native_handle());
      read();
      io_.run();
    });
  }
  ~PlainEcho() { thread_.join(); }
  Tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  static void echoBlocking(int socket) {
    std::array<char, messageSize> bytes;
    while (recv(socket, bytes.data(), bytes.size(), MSG_WAITALL) == static_cast<ssize_t>(bytes.size()))
      if (send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return;
  }
  void read() {
    boost::asio::async_read(socket_, boost::asio::buffer(bytes_),
                            [this](boost::system::error_code problem, std::size_t) {
                              if (problem) return;
                              boost::asio::write(socket_, boost::asio::buffer(bytes_));
                              read();
                            });
  }

  boost::asio::io_context io_{1};
  Tcp::acceptor acceptor_;
  Tcp::socket socket_;
  std::array<char, messageSize> bytes_{};
  std::thread thread_;
};

double callAsio(int core, double part) {
  PlainEcho echo(false, core);
  boost::asio::io_context io(1);
  Tcp::socket socket(io);
  socket.connect(echo.endpoint());
  socket.set_option(Tcp::no_delay(true));
  std::array<char, messageSize> bytes{};
  Latencies latencies;
  std::function<void()> next = [&] {
    latencies.begin();
    boost::asio::write(socket, boost::asio::buffer(bytes));
    boost::asio::async_read(socket, boost::asio::buffer(bytes), [&](boost::system::error_code problem, std::size_t) {
      if (problem) throw boost::system::system_error(problem);
      if (latencies.end()) next();
    });
  };
  next();
  io.run();
  return latencies.percentile(part);
}

double callBlocking(int core, double part) {
  PlainEcho echo(true, core);
  boost::asio::io_context io(1);
  Tcp::socket socket(io);
  socket.connect(echo.endpoint());
  socket.set_option(Tcp::no_delay(true));
  std::array<char, messageSize> bytes{};
  Latencies latencies;
  do {
    latencies.begin();
    if (send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 ||
        recv(socket.native_handle(), bytes.data(), bytes.size(), MSG_WAITALL) < 0)
      throw std::runtime_error("the plain echo ended");
  } while (latencies.end());
  return latencies.percentile(part);
}

#ifdef BECKON_LIBQI_ECHO
// Says the percentile of as many calls; inherits the cores of this process.
double callLibqi(const std::vector<int>& cores, double part) {
  std::string command = "QI_LOG_LEVEL=2 ";
  if (!cores.empty()) {
    command += "taskset -c ";
    for (std::size_t i = 0; i < cores.size(); ++i) command += (i ? "," : "") + std::to_string(cores[i]);
    command += " ";
  }
  command += std::string(BECKON_LIBQI_ECHO) + " " + std::to_string(warmUp) + " " + std::to_string(calls) + " " +
             std::to_string(part);
  FILE* output = popen(command.c_str(), "r");
  double figure = 0;
  const bool isRead = output && fscanf(output, "%lf", &figure) == 1;
  if (!output || pclose(output) != 0 || !isRead) throw std::runtime_error("libqi gave no figure");
  return figure;
}
#endif

void measureCalls(Report& report, const std::vector<int>& cores) {
  const int callerCore = cores.empty() ? anyCore : cores.front();
  const int serviceCore = cores.empty() ? anyCore : cores.back();
  pinThread(callerCore);
  Service service(serviceCore);
  const auto add = [&](const std::string& name, double part, const Run& limit) {
    Run peer;
#ifdef BECKON_LIBQI_ECHO
    peer = [&cores, part] { return callLibqi(cores, part); };
#endif
    report.add({name, "us", [&service, part] { return callOurs(service, part); }, peer, limit});
  };
  for (const auto& [suffix, part] : {std::pair("", 0.5), std::pair(".p99", 0.99)}) {
    const double wanted = part;
    add(std::string("bus.call.tcp") + suffix, wanted, [=] { return callAsio(serviceCore, wanted); });
    add(std::string("bus.call.tcp") + suffix + ".blocking", wanted, [=] { return callBlocking(serviceCore, wanted); });
  }
}

}  // namespace
}  // namespace beckon::bench

int main(int argc, char** argv) {
  const auto options = beckon::bench::parseOptions(argc, argv);
  beckon::bench::Report report(options);
  beckon::bench::measureCalls(report, options.cores);
  report.add({"bus.call.lpc", "ns", beckon::bench::callWithinTheProcess, {}, beckon::bench::callVirtualFunction});
  beckon::bench::measureIpcRaws(report, options.cores);
  return report.finish();
}
