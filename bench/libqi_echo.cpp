// The peer of bench_bus: libqi calling echo(i)i over TCP, caller and service in a session each.
//
//   libqi_echo WARM_UP CALLS PART   prints that percentile (0.5: the median) of a call in microseconds
#include <boost/make_shared.hpp>
#include <qi/anyobject.hpp>
#include <qi/application.hpp>
#include <qi/session.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

namespace {
class Echo {
 public:
  int echo(int number) { return number; }
};
}  // namespace
QI_REGISTER_OBJECT(Echo, echo)

int main(int argc, char** argv) {
  qi::Application application(argc, argv);
  if (argc != 4) return 2;
  const int warmUp = std::atoi(argv[1]), calls = std::atoi(argv[2]);
  const auto server = qi::makeSession();
  server->listenStandalone(qi::Url("tcp://127.0.0.1:0")).value();
  server->registerService("Echo", qi::Object<Echo>(boost::make_shared<Echo>())).value();
  const auto client = qi::makeSession();
  client->connect(server->url()).value();
  qi::AnyObject echo = client->service("Echo").value();
  std::vector<double> microseconds;
  for (int i = 0; i < warmUp + calls; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    if (echo.call<int>("echo", 42) != 42) return 1;
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begun;
    if (i >= warmUp) microseconds.push_back(taken.count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::cout << microseconds[static_cast<std::size_t>(std::atof(argv[3]) * (calls - 1))] << std::endl;
  _exit(0);  // past libqi's destructors of static objects, some of which wait for threads
}
