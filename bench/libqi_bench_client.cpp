// The modes of beckon-bench-client, as a program on libqi's public API would do them.
#include "bench/client_options.hpp"
#include "bench/figures.hpp"

#include <boost/make_shared.hpp>
#include <qi/anyobject.hpp>
#include <qi/application.hpp>
#include <qi/session.hpp>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace beckon::bench;

namespace {

class Nothing {
 public:
  int echo(int number) { return number; }
};

// So many steps at a time, until they are all done.
class Window {
 public:
  Window(int all, int atOnce) : left_(all), free_(atOnce) {}
  // False when all have begun.
  bool begin() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return free_ > 0; });
    --free_;
    return begun_++ < left_;
  }
  void end() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++free_;
    ++ended_;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ >= left_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int left_, free_, begun_ = 0, ended_ = 0;
};

class Client {
 public:
  explicit Client(const ClientOptions& options) : options_(options), session_(connected()) {
    const std::vector<qi::ServiceInfo> services = session_->services().value();
    for (const auto& service : services)
      if (service.name() == "Bench" && service.machineId() == qi::os::getMachineId())
        server_ = static_cast<int>(service.processId());
    for (int i = 0; i < options.idle; ++i) idle_.push_back(connected());
  }

  Outcome run() {
    const auto& mode = options_.mode;
    if (mode == "lat" || mode == "latst") return call(mode == "lat" ? "Bench" : "BenchST");
    if (mode == "latstr") return callWithText();
    if (mode == "async") return callManyAtOnce();
    if (mode == "threads") return callFromThreads();
    if (mode == "events") return hearEvents();
    if (mode == "raw" || mode == "echoraw") return callWithBytes(mode == "echoraw");
    if (mode == "register") return registerServices();
    if (mode == "services") return listServices();
    return openSessions(mode == "conns");
  }

 private:
  qi::SessionPtr connected() const {
    auto session = qi::makeSession();
    session->connect(qi::Url(options_.url)).value();
    return session;
  }
  qi::AnyObject service(const std::string& name) const { return session_->service(name).value(); }

  Outcome outcome(const char* unit, int count) const {
    Outcome out;
    out.mode = options_.mode;
    out.unit = unit;
    out.count = static_cast<std::uint64_t>(count);
    return out;
  }

  // One after another.
  Outcome repeat(const char* unit, int warmUp, const std::function<void()>& step) const {
    Outcome out = outcome(unit, options_.count);
    for (int i = 0; i < warmUp; ++i) step();
    Stretch stretch(server_);
    stretch.begin();
    for (int i = 0; i < options_.count; ++i) {
      const auto begun = Clock::now();
      step();
      out.latencies.push_back(microsecondsSince(begun));
    }
    stretch.end(out);
    return out;
  }
  // So many at a time.
  Outcome overlap(const char* unit, const std::function<qi::Future<int>()>& begin) const {
    Outcome out = outcome(unit, options_.count);
    Window window(options_.count, options_.outstanding);
    std::atomic<bool> failed{false};
    Stretch stretch(server_);
    stretch.begin();
    while (window.begin())
      begin().then([&](qi::Future<int> answer) {
        if (answer.hasError()) failed = true;
        window.end();
      });
    window.wait();
    stretch.end(out);
    if (failed) throw std::runtime_error("a call failed");
    return out;
  }
  int warmUp() const { return std::min(1000, std::max(1, options_.count / 10)); }

  Outcome call(const std::string& name) const {
    qi::AnyObject bench = service(name);
    return repeat("calls/s", warmUp(), [&] {
      if (bench.call<int>("echo", 42) != 42) throw std::runtime_error("not the same number");
    });
  }
  Outcome callWithText() const {
    qi::AnyObject bench = service("Bench");
    const std::string text(static_cast<std::size_t>(options_.size), 'a');
    return repeat("calls/s", warmUp(), [&] { bench.call<std::string>("echoStr", text); });
  }
  Outcome callManyAtOnce() const {
    qi::AnyObject bench = service("Bench");
    return overlap("calls/s", [&] { return bench.async<int>("echo", 42); });
  }
  Outcome callFromThreads() const {
    qi::AnyObject bench = service("Bench");
    const int each = std::max(1, options_.count / options_.threads);
    Outcome out = outcome("calls/s", each * options_.threads);
    Stretch stretch(server_);
    stretch.begin();
    std::vector<std::thread> threads;
    for (int i = 0; i < options_.threads; ++i)
      threads.emplace_back([bench, each]() mutable {
        for (int call = 0; call < each; ++call) bench.call<int>("echo", 42);
      });
    for (auto& thread : threads) thread.join();
    stretch.end(out);
    return out;
  }
  Outcome callWithBytes(bool andBack) const {
    qi::AnyObject bench = service("Bench");
    const std::vector<char> zeros(static_cast<std::size_t>(options_.size));
    qi::Buffer bytes;
    bytes.write(zeros.data(), zeros.size());
    Outcome out = andBack ? repeat("MB/s", 1, [&] { bench.call<qi::Buffer>("echoRaw", bytes); })
                          : overlap("MB/s", [&] { return bench.async<int>("sink", bytes); });
    out.scale = options_.size / 1e6;
    return out;
  }
  Outcome hearEvents() const {
    const long batch = options_.batch * static_cast<long>(options_.subscribers);
    const int batches = std::max(1, static_cast<int>(options_.count / batch));
    std::vector<qi::SessionPtr> sessions{session_};
    std::vector<qi::AnyObject> objects;
    std::atomic<long> heard{0};
    std::unique_ptr<Window> window;
    for (int i = 0; i < options_.subscribers; ++i) {
      if (i > 0) sessions.push_back(connected());
      objects.push_back(sessions.back()->service("Bench").value());
      objects.back()
          .connect("tick", boost::function<void(int)>([&](int) {
                     if (++heard % batch == 0) window->end();
                   }))
          .value();
    }
    const auto fire = [&](int times) {
      heard = 0;
      window.reset(new Window(times, options_.outstanding));
      while (window->begin()) objects.front().async<void>("fire", options_.batch);
      window->wait();
    };
    fire(1);
    Outcome out = outcome("events/s", static_cast<int>(batches * batch));
    Stretch stretch(server_);
    stretch.begin();
    fire(batches);
    stretch.end(out);
    return out;
  }
  Outcome openSessions(bool keep) const {
    std::vector<qi::SessionPtr> open;
    const double before = residentMemory(server_);
    Outcome out = repeat(keep ? "connections/s" : "sessions/s", 0, [&] {
      const auto session = connected();
      if (keep)
        open.push_back(session);
      else
        session->close().value();
    });
    if (keep && before > 0) out.more.emplace_back("server_bytes", (residentMemory(server_) - before) / options_.count);
    return out;
  }
  void registerOne(int number) const {
    session_
        ->registerService("BenchService" + std::to_string(number), qi::Object<Nothing>(boost::make_shared<Nothing>()))
        .value();
  }
  Outcome registerServices() const {
    session_->listen(qi::Url("tcp://127.0.0.1:0")).value();
    int number = 0;
    return repeat("services/s", 0, [&] { registerOne(number++); });
  }
  Outcome listServices() const {
    session_->listen(qi::Url("tcp://127.0.0.1:0")).value();
    for (int i = 0; i < options_.size; ++i) registerOne(i);
    return repeat("lists/s", 0, [&] { session_->services().value(); });
  }

  const ClientOptions& options_;
  qi::SessionPtr session_;
  std::vector<qi::SessionPtr> idle_;
  int server_ = 0;
};

}  // namespace
QI_REGISTER_OBJECT(Nothing, echo)

int main(int argc, char** argv) {
  ClientOptions options;
  int code = 0;
  if (!parseClient(argc, argv, "libqi_bench_client", options, code)) return code;
  // Not our options, which it would look through.
  char* name[] = {argv[0], nullptr};
  char** alone = name;
  int one = 1;
  qi::Application application(one, alone);
  try {
    Client client(options);
    print(client.run(), options.json);
  } catch (const std::exception& problem) {
    std::cerr << "libqi_bench_client: " << problem.what() << std::endl;
    code = 1;
  }
  std::cerr.flush();
  _exit(code);  // past libqi's destructors of static objects, some of which wait for threads
}
