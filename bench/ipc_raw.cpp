#include "bench/ipc_raw.hpp"

#include "localbus/dial.hpp"
#include "localbus/listener.hpp"
#include "localbus/object_builder.hpp"
#include "localbus/object_host.hpp"
#include "localbus/pool.hpp"
#include "localbus/remote_object.hpp"
#include "tests/support/temporary_folder.hpp"

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
// Raws on their way in a flow: waking the other core takes longer than to read 1 MiB, and is paid once for all of them.
constexpr int mostOutstanding = 8;

// The core of each end; -1: any.
struct Pinning {
  int writer, reader;
};

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

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

double median(std::vector<double>& figures) {
  const auto middle = figures.begin() + static_cast<std::ptrdiff_t>(figures.size() / 2);
  std::ranges::nth_element(figures, middle);
  return *middle;
}

class Sink {
 public:
  explicit Sink(int core) {
    localbus::ObjectBuilder builder;
    builder.method("sink", [](const qi::SharedRaw& raw) { return touch(raw.bytes()); });
    host_.add(2, qi::mainObject, builder.build());
    endpoint_ = listener_.start(localbus::Endpoint::unixSocket(folder_.path() / "s")).value();
    thread_ = std::thread([this, core] {
      pin(core);
      io_.run();
    });
  }
  ~Sink() {
    boost::asio::post(io_, [this] { listener_.stop(); });
    thread_.join();
  }
  const localbus::Endpoint& endpoint() const { return endpoint_; }

 private:
  test::TemporaryFolder folder_;
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

// Microseconds for each raw: from taking the buffer to the answer if one is on its way at a time, which is there and
// back; else of a flow with so many on their way, each answered.
double send(const Sink& sink, const Pinning& cores, std::size_t size, int outstanding) {
  pin(cores.writer);
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
          if (answered > warmUp) taken.push_back(microseconds(Clock::now() - begun));
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

// The same without a bus: who reads is told by a byte over a socket that there is one more, and answers by one.
double tell(const Pinning& cores, std::size_t size, int outstanding) {
  const auto made = localbus::SharedMemory::make(size).value();
  std::ranges::fill(made.memory->bytes(), std::uint8_t{1});
  const auto read = localbus::SharedMemory::open(made.descriptor, size).value();
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) throw std::runtime_error("no pair of sockets");
  std::thread reader([&] {
    pin(cores.reader);
    std::array<char, mostOutstanding> bytes{};
    for (ssize_t told; (told = ::read(ends[1], bytes.data(), bytes.size())) > 0;) {
      for (ssize_t i = 0; i < told; ++i) keep(touch(read->bytes()));
      if (::write(ends[1], bytes.data(), static_cast<std::size_t>(told)) != told) return;
    }
  });
  pin(cores.writer);
  std::array<char, mostOutstanding> bytes{};
  std::vector<double> taken;
  auto begun = Clock::now();
  int answered = 0, before = 0;
  for (ssize_t free = outstanding; answered < warmUp + raws; answered += static_cast<int>(free)) {
    const bool isWarm = answered >= warmUp;
    const auto one = Clock::now();
    if (!isWarm) {
      begun = one;
      before = answered;
    }
    if (::write(ends[0], bytes.data(), static_cast<std::size_t>(free)) != free) break;
    free = ::read(ends[0], bytes.data(), bytes.size());
    if (free <= 0) break;
    if (isWarm) taken.push_back(microseconds(Clock::now() - one));
  }
  const double all = microseconds(Clock::now() - begun) / (answered - before);
  ::close(ends[0]);
  reader.join();
  ::close(ends[1]);
  return outstanding == 1 ? median(taken) : all;
}

}  // namespace

void measureIpcRaws(Report& report, const std::vector<int>& cores) {
  const int first = cores.empty() ? -1 : cores.front(), last = cores.empty() ? -1 : cores.back();
  for (const auto& [pins, pinning] : {std::pair("1core", Pinning{first, first}), {"2cores", Pinning{first, last}}}) {
    if (pinning.reader == first && first == last && pins == std::string("2cores")) continue;
    const Sink sink(pinning.reader);
    // A pool of 64 MiB has slabs for two of 16, and one that is being handed back.
    for (const auto& [name, size, several] :
         {std::tuple("1MiB", std::size_t{1} << 20, mostOutstanding), std::tuple("16MiB", std::size_t{16} << 20, 2)})
      for (const int outstanding : {1, several})
        report.add({std::string("bus.raw.ipc.") + name + (outstanding > 1 ? ".flow." : ".") + pins,
                    "us",
                    [&sink, pinning, size, outstanding] { return send(sink, pinning, size, outstanding); },
                    {},
                    [pinning, size, outstanding] { return tell(pinning, size, outstanding); }});
  }
}

}  // namespace beckon::bench
