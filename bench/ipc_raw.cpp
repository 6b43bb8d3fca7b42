#include "bench/ipc_raw.hpp"

#include "localbus/dial.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/pool.hpp"
#include "localbus/remote_object.hpp"

#include <boost/asio/co_spawn.hpp>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <thread>

namespace beckon::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t pageSize = 4096;
constexpr int warmUp = 50;
constexpr int raws = 500;

void pin(int core) {
  if (core < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

std::uint32_t touch(qi::ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += pageSize) sum += bytes[at];
  return sum;
}

double median(std::vector<double>& figures) {
  const auto middle = figures.begin() + static_cast<std::ptrdiff_t>(figures.size() / 2);
  std::ranges::nth_element(figures, middle);
  return *middle;
}

class Sink {
 public:
  explicit Sink(int core) {
    char name[] = "/tmp/beckon-bench-XXXXXX";
    folder_ = ::mkdtemp(name);
    localbus::ObjectBuilder builder;
    builder.method("sink", [](const qi::SharedRaw& raw) { return touch(raw.bytes()); });
    host_.add(2, qi::mainObject, builder.build());
    endpoint_ = listener_.start(localbus::Endpoint::unixSocket(folder_ + "/s")).value();
    thread_ = std::thread([this, core] {
      pin(core);
      io_.run();
    });
  }
  ~Sink() {
    boost::asio::post(io_, [this] { listener_.stop(); });
    thread_.join();
    ::rmdir(folder_.c_str());
  }
  const localbus::Endpoint& endpoint() const { return endpoint_; }

 private:
  std::string folder_;
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
  object = (co_await localbus::RemoteObject::open(connection, 2, "Sink")).value();
}

// Microseconds for each raw: from taking the buffer to the answer if one is on its way at a time, else of the flow.
double send(const Sink& sink, std::size_t size, int outstanding) {
  boost::asio::io_context io(1);
  std::shared_ptr<localbus::RemoteObject> object;
  boost::asio::co_spawn(io, open(io, sink.endpoint(), object), [&](std::exception_ptr problem) {
    if (problem) std::rethrow_exception(problem);
    io.stop();
  });
  io.run();
  io.restart();
  const auto method = object->method<std::uint32_t(qi::SharedRaw)>("sink").value();
  std::vector<double> taken;
  int sent = 0, answered = 0;
  auto begun = Clock::now();
  std::function<void()> next = [&] {
    if (outstanding == 1) begun = Clock::now();
    auto buffer = object->connection()->takeBuffer(size);
    const auto mark = static_cast<std::uint8_t>(++sent);
    for (std::size_t at = 0; sent <= warmUp && at < size; at += pageSize) buffer.bytes()[at] = 0;
    buffer.bytes()[0] = mark;
    if (!buffer.isShared()) throw std::logic_error("the pool has no room");
    method.call(
        std::chrono::seconds(5),
        [&, mark](run::Result<std::uint32_t> sum) {
          if (sum.value() != mark) throw std::logic_error("not what was sent");
          if (++answered == warmUp && outstanding > 1) begun = Clock::now();
          const std::chrono::duration<double, std::micro> time = Clock::now() - begun;
          if (answered > warmUp) taken.push_back(time.count());
          if (answered == warmUp + raws) return io.stop();
          if (sent < warmUp + raws) next();
        },
        std::move(buffer).share());
  };
  for (int i = 0; i < outstanding; ++i) next();
  io.run();
  object->connection()->close({run::Code::connectionLost, "measured", {}});
  return outstanding == 1 ? median(taken) : taken.back() / raws;
}

double touchAlone(std::size_t size) {
  const auto made = localbus::SharedMemory::make(size).value();
  std::ranges::fill(made.memory->bytes(), std::uint8_t{1});
  const auto read = localbus::SharedMemory::open(made.descriptor, size).value();
  return nanosecondsEach([&] { keep(touch(read->bytes())); }) / 1000;
}

double touchWhenTold(std::size_t size, int core) {
  const auto made = localbus::SharedMemory::make(size).value();
  std::ranges::fill(made.memory->bytes(), std::uint8_t{1});
  const auto read = localbus::SharedMemory::open(made.descriptor, size).value();
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw std::runtime_error("no pair of sockets");
  std::thread reader([&] {
    pin(core);
    for (char byte; ::read(ends[1], &byte, 1) == 1;) {
      keep(touch(read->bytes()));
      if (::write(ends[1], &byte, 1) != 1) return;
    }
  });
  std::vector<double> taken;
  for (int i = 0; i < warmUp + raws; ++i) {
    char byte = 0;
    const auto begun = Clock::now();
    if (::write(ends[0], &byte, 1) != 1 || ::read(ends[0], &byte, 1) != 1) break;
    if (i >= warmUp) taken.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
  }
  ::close(ends[0]);
  reader.join();
  ::close(ends[1]);
  return median(taken);
}

}  // namespace

void measureIpcRaws(Report& report, const std::vector<int>& cores) {
  const int core = cores.empty() ? -1 : cores.back();
  const Sink sink(core);
  for (const auto& [name, size] :
       {std::pair("1MiB", std::size_t{1} << 20), std::pair("16MiB", std::size_t{16} << 20)}) {
    const auto bytes = size;
    report.add({std::string("bus.raw.ipc.") + name,
                "us",
                [&sink, bytes] { return send(sink, bytes, 1); },
                {},
                [=] { return touchWhenTold(bytes, core); }});
    report.add({std::string("bus.raw.ipc.") + name + ".flow",
                "us",
                [&sink, bytes] { return send(sink, bytes, 2); },
                {},
                [=] { return touchAlone(bytes); }});
  }
}

}  // namespace beckon::bench
