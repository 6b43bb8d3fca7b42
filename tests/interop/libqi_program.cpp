// A program on libqi's public API, as anybody would write it; interop_test.cpp runs it beside our directory.
//
//   libqi_program provide URL   registers "LibqiService", says "ready" and serves until it is killed
//   libqi_program use URL       calls our service "Vec" in every way; says "ok ..." or "FAIL ..." and a verdict
//   libqi_program visit URL     registers "Visitor" and unregisters it again
//   libqi_program objects URL   gives objects to our service "Objects", takes its own, cancels a call
//
// It shows the user and token that the environment has as QI_USER and QI_TOKEN.
#include <boost/make_shared.hpp>
#include <qi/anyobject.hpp>
#include <qi/application.hpp>
#include <qi/messaging/clientauthenticator.hpp>
#include <qi/messaging/clientauthenticatorfactory.hpp>
#include <qi/session.hpp>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

const qi::Seconds patience(5);

class Counter {
 public:
  int add(int a, int b) { return a + b; }
  std::string hello(const std::string& name) { return "hello " + name; }
  int fail() { throw std::runtime_error("deliberate failure"); }
  void fire(int times) {
    for (int i = 0; i < times; ++i) tick(i, "tick");
  }
  qi::Signal<int, std::string> tick;
  qi::Property<int> level;
};

class Adder {
 public:
  int add(int x) { return total_ += x; }

 private:
  int total_ = 0;
};

}  // namespace
QI_REGISTER_OBJECT(Counter, add, hello, fail, fire, tick, level)
QI_REGISTER_OBJECT(Adder, add)

namespace {

class Token : public qi::ClientAuthenticator {
 public:
  Token(const char* user, const char* token) : user_(user), token_(token) {}
  qi::CapabilityMap initialAuthData() override {
    return {{"user", qi::AnyValue::from(user_)}, {"token", qi::AnyValue::from(token_)}};
  }
  qi::CapabilityMap _processAuth(const qi::CapabilityMap&) override { return {}; }

 private:
  std::string user_, token_;
};

class Tokens : public qi::ClientAuthenticatorFactory {
 public:
  Tokens(const char* user, const char* token) : user_(user), token_(token) {}
  qi::ClientAuthenticatorPtr newAuthenticator() override {
    return boost::make_shared<Token>(user_.c_str(), token_.c_str());
  }

 private:
  std::string user_, token_;
};

qi::SessionPtr connected(const std::string& url) {
  auto session = qi::makeSession();
  const char* const user = std::getenv("QI_USER");
  const char* const token = std::getenv("QI_TOKEN");
  if (user && token) session->setClientAuthenticatorFactory(boost::make_shared<Tokens>(user, token));
  session->connect(qi::Url(url)).value();
  return session;
}

// A service of this process. libqi would otherwise listen on every interface.
unsigned int registerCounter(const qi::SessionPtr& session, const std::string& name) {
  session->listen(qi::Url("tcp://127.0.0.1:0")).value();
  return session->registerService(name, qi::Object<Counter>(boost::make_shared<Counter>())).value();
}

int provide(const std::string& url) {
  const auto session = connected(url);
  registerCounter(session, "LibqiService");
  std::cout << "ready" << std::endl;
  for (;;) pause();
}

int visit(const std::string& url) {
  const auto session = connected(url);
  const auto id = registerCounter(session, "Visitor");
  session->unregisterService(id).value();
  std::cout << "PASSED" << std::endl;
  return 0;
}

class Checks {
 public:
  void check(const std::string& what, const std::function<bool()>& holds) {
    std::string problem;
    try {
      if (holds()) {
        std::cout << "ok   " << what << std::endl;
        return;
      }
    } catch (const std::exception& thrown) {
      problem = std::string(": ") + thrown.what();
    }
    std::cout << "FAIL " << what << problem << std::endl;
    ++failures_;
  }
  int verdict() const {
    std::cout << (failures_ ? "FAILED" : "PASSED") << std::endl;
    return failures_ ? 1 : 0;
  }

 private:
  int failures_ = 0;
};

// Collects events until there are as many as wanted.
class Heard {
 public:
  explicit Heard(std::size_t wanted) : wanted_(wanted) {}
  void add(int number, const std::string& text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::to_string(number) + text);
    if (events_.size() == wanted_) enough_.setValue(0);
  }
  std::vector<std::string> wait() {
    enough_.future().wait(patience);
    const std::lock_guard<std::mutex> lock(mutex_);
    return events_;
  }

 private:
  std::size_t wanted_;
  std::mutex mutex_;
  std::vector<std::string> events_;
  qi::Promise<int> enough_;
};

int use(const std::string& url) {
  Checks checks;
  const auto session = connected(url);
  qi::AnyObject vec = session->service("Vec").value();
  checks.check("add", [&] { return vec.call<int>("add", 2, 40) == 42; });
  checks.check("hello", [&] { return vec.async<std::string>("hello", "libqi").value() == "hello libqi"; });
  checks.check("a list", [&] {
    const std::vector<int> list{1, 2, 3};
    return vec.call<std::vector<int>>("elist", list) == list;
  });
  checks.check("a map", [&] {
    const std::map<std::string, int> map{{"a", 1}, {"b", 2}};
    return vec.call<std::map<std::string, int>>("emap", map) == map;
  });
  checks.check("a dynamic", [&] { return vec.call<qi::AnyValue>("em", qi::AnyValue::from(2.5)).to<double>() == 2.5; });
  checks.check("a result as another type", [&] { return vec.call<double>("add", 2, 40) == 42.0; });
  checks.check("arguments that need converting", [&] { return vec.call<int>("add", 2.0, 40.0f) == 42; });
  checks.check("the service's error", [&] {
    auto failed = vec.async<int>("fail");
    failed.wait(patience);
    return failed.hasError(qi::FutureTimeout_None) && failed.error() == "deliberate failure";
  });
  checks.check("no such method", [&] {
    auto failed = vec.async<int>("nope");
    failed.wait(patience);
    return failed.hasError(qi::FutureTimeout_None);
  });
  checks.check("no such service", [&] {
    auto failed = session->service("Nope");
    failed.wait(patience);
    return failed.hasError(qi::FutureTimeout_None) && failed.error() == "Cannot find service 'Nope' in index";
  });
  checks.check("a signal", [&] {
    const auto heard = std::make_shared<Heard>(3);
    const auto link = vec.connect("tick", boost::function<void(int, const std::string&)>(
                                              [heard](int n, const std::string& text) { heard->add(n, text); }))
                          .value();
    vec.call<void>("fire", 2);
    vec.post("tick", 77, std::string("posted"));
    const auto events = heard->wait();
    vec.disconnect(link).value();
    return events == std::vector<std::string>{"0tick", "1tick", "77posted"};
  });
  checks.check("a property", [&] {
    vec.setProperty("level", 17).value();
    return vec.property<int>("level").value() == 17;
  });
  checks.check("a property that is watched", [&] {
    const auto heard = std::make_shared<Heard>(1);
    const auto link = vec.connect("level", boost::function<void(int)>([heard](int n) { heard->add(n, ""); })).value();
    vec.setProperty("level", 99).value();
    const auto events = heard->wait();
    vec.disconnect(link).value();
    return events == std::vector<std::string>{"99"};
  });
  return checks.verdict();
}

int exchangeObjects(const std::string& url) {
  Checks checks;
  const auto session = connected(url);
  qi::AnyObject objects = session->service("Objects").value();
  qi::AnyObject given = objects.call<qi::AnyObject>("get");
  checks.check("an object that was given", [&] { return given.call<int>("add", 2) == 2; });
  checks.check("its signal", [&] {
    const auto heard = std::make_shared<Heard>(1);
    given.connect("step", boost::function<void(int)>([heard](int n) { heard->add(n, ""); })).value();
    given.setProperty("step", 5).value();
    return heard->wait() == std::vector<std::string>{"5"};
  });
  checks.check("an object of ours", [&] {
    const qi::Object<Adder> adder(boost::make_shared<Adder>());
    return objects.call<int>("use", adder, 7) == 7;
  });
  checks.check("a call that is canceled", [&] {
    auto later = given.async<int>("later");
    later.cancel();
    later.wait(patience);
    return later.isCanceled();
  });
  return checks.verdict();
}

}  // namespace

int main(int argc, char** argv) {
  qi::Application application(argc, argv);
  const std::string mode = argc > 2 ? argv[1] : "";
  int code = 2;
  try {
    if (mode == "provide") code = provide(argv[2]);
    if (mode == "use") code = use(argv[2]);
    if (mode == "objects") code = exchangeObjects(argv[2]);
    if (mode == "visit") code = visit(argv[2]);
  } catch (const std::exception& problem) {
    std::cout << "FAIL " << problem.what() << std::endl;
    code = 1;
  }
  // Past libqi's destructors of static objects, some of which wait for threads.
  std::cout.flush();
  _exit(code);
}
