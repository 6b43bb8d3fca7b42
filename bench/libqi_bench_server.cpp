// What beckon-bench-server offers, on libqi's directory and as a service of libqi.
//
//   libqi_bench_server URL   prints "ready URL" when it listens; runs until SIGTERM
#include <boost/make_shared.hpp>
#include <qi/anyobject.hpp>
#include <qi/application.hpp>
#include <qi/session.hpp>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>

namespace {

// Registered members have to be of the very type.
template <bool isSingleThreaded>
class BenchOf {
 public:
  int echo(int number) { return number; }
  std::string echoStr(const std::string& text) { return text; }
  int sink(const qi::Buffer& bytes) { return static_cast<int>(bytes.totalSize()); }
  qi::Buffer echoRaw(const qi::Buffer& bytes) { return bytes; }
  void fire(int times) {
    for (int i = 0; i < times; ++i) tick(i);
  }
  qi::Signal<int> tick;
};

using Bench = BenchOf<false>;
using BenchST = BenchOf<true>;

}  // namespace
QI_REGISTER_MT_OBJECT(Bench, echo, echoStr, sink, echoRaw, fire, tick)
QI_REGISTER_OBJECT(BenchST, echo, echoStr, sink, echoRaw, fire, tick)

int main(int argc, char** argv) {
  qi::Application application(argc, argv);
  std::signal(SIGTERM, SIG_DFL);
  if (argc != 2) {
    std::cerr << "usage: libqi_bench_server URL" << std::endl;
    return 2;
  }
  const auto session = qi::makeSession();
  try {
    session->listenStandalone(qi::Url(argv[1])).value();
    session->registerService("Bench", qi::Object<Bench>(boost::make_shared<Bench>())).value();
    session->registerService("BenchST", qi::Object<BenchST>(boost::make_shared<BenchST>())).value();
  } catch (const std::exception& problem) {
    std::cerr << "libqi_bench_server: " << problem.what() << std::endl;
    return 1;
  }
  std::cout << "ready " << session->url().str() << std::endl;
  for (;;) pause();
}
