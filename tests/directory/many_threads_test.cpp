#include "directory/blocking.hpp"
#include "directory/service.hpp"
#include "tests/directory/bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

// One session that many threads use at once, in every way that there is.
namespace beckon::directory {
namespace {

using namespace std::chrono_literals;
using run::Result;
using test::tuple;

constexpr int threadCount = 24, rounds = 40;

template <class Side>
struct Anvil : Interface<Side> {
  Method<Side, std::int32_t(std::int32_t, std::int32_t)> add{*this, "add"};
  Method<Side, std::string(std::string)> echo{*this, "echo"};
  Method<Side, void()> strike{*this, "strike"};
  Method<Side, std::int32_t()> strikes{*this, "strikes"};
  Method<Side, void(std::int32_t)> ring{*this, "ring"};
  Signal<Side, std::int32_t> rang{*this, "rang"};
  Property<Side, std::int32_t> heat{*this, "heat"};
};

// A bus with an anvil on a thread of its own, and a session on the thread of `loop`, as BlockingSession has it.
class ManyThreads : public testing::Test {
 protected:
  using Object = std::shared_ptr<localbus::RemoteObject>;

  ManyThreads() {
    served.add = [](std::int32_t a, std::int32_t b) { return a + b; };
    served.echo = [](std::string text) { return text; };
    served.strike = [this] { ++strikes; };
    served.strikes = [this] { return strikes; };
    served.ring = [this](std::int32_t tone) { served.rang(tone); };
    provider = bus.session();
    bus.loop.await(provide(*provider, "Anvil", served)).value();
    bus.loop.io.restart();
    thread = std::thread([this] { bus.loop.io.run(); });
    session = on<std::shared_ptr<Session>>(
        [this] { return Session::connect(loop->io(), bus.endpoint, {test::machineId}, run::silentLog()); });
    auto* const opened = new Anvil<Blocking>{{loop, on<Object>([this] { return session->service("Anvil"); })}};
    anvil = {opened, [this](Anvil<Blocking>* ended) { loop->release(std::shared_ptr<void>(ended)); }};
  }
  ~ManyThreads() override {
    anvil.reset();
    boost::asio::post(loop->io(), [session = session] { session->close(); });
    loop->release(std::move(session));
    loop->end();
    boost::asio::post(bus.loop.io, [this] {
      provider->close();
      bus.loop.io.stop();
    });
    thread.join();
  }

  // Done on the session's loop, while the thread waits.
  template <class T>
  T on(std::function<Awaitable<T>()> doing) {
    return loop->wait<T>(std::move(doing)).value();
  }

  test::Bus bus;
  Anvil<Service> served;
  std::int32_t strikes = 0;  // of the anvil's thread
  std::shared_ptr<Session> provider;
  boost::asio::executor_work_guard<localbus::Executor> work{bus.loop.io.get_executor()};
  std::thread thread;
  std::shared_ptr<BlockingLoop> loop = std::make_shared<BlockingLoop>(20s);
  std::shared_ptr<Session> session;
  std::shared_ptr<Anvil<Blocking>> anvil;

  void call(int number, int round) {
    ASSERT_EQ(anvil->add(number, round).value(), number + round);
    const auto text = "thread " + std::to_string(number) + " round " + std::to_string(round);
    const auto echo = on<qi::Value>([&]() -> Awaitable<qi::Value> {
      auto finding = session->service("Anvil");
      const auto object = (co_await std::move(finding)).value();
      auto calling = object->call("echo", tuple(text));
      co_return co_await std::move(calling);
    });
    ASSERT_EQ(*echo.as<std::string>(), text);
  }
  void post() {
    on<void>([this]() -> Awaitable<> {
      auto finding = session->service("Anvil");
      const auto object = (co_await std::move(finding)).value();
      co_return object->post("strike", tuple());
    });
  }
  // A subscription hears what its own thread does before that has its answer, whatever others do.
  void subscribe(int number, int round) {
    std::mutex mutex;
    std::vector<std::int32_t> heard;
    const auto subscription = anvil->rang
                                  .subscribe([&](std::int32_t tone) {
                                    const std::lock_guard lock(mutex);
                                    heard.push_back(tone);
                                  })
                                  .value();
    const auto tone = number * rounds + round;
    anvil->ring(tone).value();
    const std::lock_guard lock(mutex);
    ASSERT_THAT(heard, testing::Contains(tone));
  }
  void useProperty(int number) {
    anvil->heat.set(number).value();
    const auto heat = anvil->heat.get().value();
    ASSERT_TRUE(heat >= 0 && heat < threadCount) << heat;
  }
  // A service of the session's own: listed, called by its session and gone again.
  void provideOne(int number) {
    const auto name = "Of thread " + std::to_string(number);
    localbus::ObjectBuilder builder;
    builder.method("number", [number] { return std::int32_t{number}; });
    const auto id = on<std::uint32_t>([&, object = builder.build()] { return session->registerService(name, object); });
    ASSERT_EQ(listed(name), id);
    const auto answer = on<qi::Value>([&]() -> Awaitable<qi::Value> {
      auto finding = session->service(name);
      const auto own = (co_await std::move(finding)).value();
      auto calling = own->call("number", tuple());
      co_return co_await std::move(calling);
    });
    ASSERT_EQ(*answer.as<std::int32_t>(), number);
    on<void>([&] { return session->unregisterService(id); });
    ASSERT_EQ(listed(name), 0u);
  }
  // The number of that service; 0: the directory has none.
  std::uint32_t listed(const std::string& name) {
    for (const auto& info : on<std::vector<ServiceInfo>>([this] { return session->services(); }))
      if (info.name == name) return info.serviceId;
    return 0;
  }
};

TEST_F(ManyThreads, doAllThatASessionCanAtOnceAndEachGetsItsOwnAnswers) {
  std::vector<std::thread> threads;
  for (int number = 0; number < threadCount; ++number)
    threads.emplace_back([this, number] {
      for (int round = 0; round < rounds && !HasFatalFailure(); ++round) {
        call(number, round);
        post();
        subscribe(number, round);
        useProperty(number);
        provideOne(number);
      }
    });
  for (auto& each : threads) each.join();
  EXPECT_EQ(anvil->strikes().value(), threadCount * rounds);
  EXPECT_EQ(on<std::vector<ServiceInfo>>([this] { return session->services(); }).size(), 2u);
}

}  // namespace
}  // namespace beckon::directory
