#include "apps/doctor/examine.hpp"

#include "apps/doctor/bus_facts.hpp"
#include "apps/doctor/generation.hpp"
#include "apps/doctor/port.hpp"
#include "apps/doctor/port_words.hpp"
#include "apps/doctor/resolve.hpp"
#include "apps/doctor/together.hpp"

#include <algorithm>
#include <charconv>

namespace beckon::doctor {

using localbus::Endpoint;
using run::Code;
using run::Error;
using run::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// What each wait may take at most, out of Question::time. A robot on a bad Wi-Fi answers within one second.
constexpr milliseconds patience{2'000};
constexpr milliseconds namePatience{3'000};
// Addresses of a name that are looked at.
constexpr std::size_t mostAddresses = 4;

constexpr const char* stillSilent = "it answered before and says nothing now";

class Examination {
 public:
  Examination(Question question, std::function<void(const Fact&)> told)
      : question_(std::move(question)), told_(std::move(told)), until_(begin_ + question_.time) {
    report_.target = question_.target.text;
  }

  asio::awaitable<Report> run() {
    co_await look();
    report_.took = since(begin_);
    co_return std::move(report_);
  }

 private:
  static milliseconds since(steady_clock::time_point begin) {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  }
  Deadline within(milliseconds wait) const { return std::min(until_, steady_clock::now() + wait); }
  void begins() { step_ = steady_clock::now(); }
  void fact(Fact::Kind kind, std::string step, std::string text) {
    report_.facts.push_back({kind, std::move(step), std::move(text), since(step_)});
    if (told_) told_(report_.facts.back());
  }
  void good(std::string step, std::string text) { fact(Fact::Kind::good, std::move(step), std::move(text)); }
  void problem(Error error) { report_.problems.push_back(std::move(error)); }
  void bad(std::string step, const Error& error) {
    fact(Fact::Kind::bad, std::move(step), error.cause);
    problem(error);
  }

  asio::awaitable<void> look();
  asio::awaitable<std::vector<Port>> lookAtPorts(std::vector<asio::ip::address> addresses);
  const Port* choose(const std::vector<Port>& ports);
  asio::awaitable<void> use(const Port& port);
  void tellCertificate(const Port& port);
  bool tellLogin(const Port& port, const Login& anonymous, const Login& login);
  asio::awaitable<void> askBus(const Port& port, const Login& login, Exchange& peer);
  void tellGeneration(const Login& login, const BusFacts* bus);

  Question question_;
  std::function<void(const Fact&)> told_;
  Report report_;
  bool isWithheld_ = false;  // the token
  const steady_clock::time_point begin_ = steady_clock::now();
  const Deadline until_;
  steady_clock::time_point step_ = begin_;
};

asio::awaitable<void> Examination::look() {
  begins();
  const auto& host = question_.target.host;
  auto resolving = resolve(host, within(namePatience));
  const auto addresses = co_await std::move(resolving);
  if (!addresses) {
    bad("name", addresses.error());
    co_return;
  }
  std::string list;
  for (const auto& address : *addresses) list += (list.empty() ? "" : ", ") + address.to_string();
  if (list != host) good("name", host + " is " + list);

  begins();
  auto looking = lookAtPorts(*addresses);
  const auto ports = co_await std::move(looking);
  for (const auto& port : ports) fact(port.isQi() ? Fact::Kind::good : Fact::Kind::remark, "port", wordsFor(port));
  const auto* const chosen = choose(ports);
  if (chosen) co_await use(*chosen);
}

asio::awaitable<std::vector<Port>> Examination::lookAtPorts(std::vector<asio::ip::address> addresses) {
  const auto& [text, host, port, scheme] = question_.target;
  if (addresses.size() > mostAddresses) addresses.resize(mostAddresses);
  std::vector<std::uint16_t> numbers{Endpoint::defaultPort, Endpoint::defaultTlsPort};
  if (port) numbers = {*port};
  std::vector<asio::awaitable<Port>> looks;
  for (const auto number : numbers)
    for (const auto& address : addresses) {
      const bool isTlsLikely = scheme ? *scheme != Endpoint::Scheme::tcp : number == Endpoint::defaultTlsPort;
      looks.push_back(lookAt({address, number}, host, isTlsLikely, question_.own, patience, until_));
    }
  auto looking = together(std::move(looks));
  co_return co_await std::move(looking);
}

// The one to go on with, or the problem why there is none.
const Port* Examination::choose(const std::vector<Port>& ports) {
  const auto& scheme = question_.target.scheme;
  const bool wantsTls = scheme ? *scheme != Endpoint::Scheme::tcp : !question_.credentials.empty();
  const auto rank = [&](const Port& port) {
    if (!port.isQi()) return 0;
    const auto& login = port.inside ? *port.inside : *port.plain;
    return 1 + 2 * (port.inside.has_value() == wantsTls) + (login.refused ? 0 : 1);
  };
  const auto best = std::ranges::max_element(ports, {}, rank);
  if (!best->isQi()) {
    problem(reasonOf(ports));
    return nullptr;
  }
  if (scheme && best->inside.has_value() != wantsTls) {
    problem(otherScheme(*best, question_.target.text));
    return nullptr;
  }
  return &*best;
}

asio::awaitable<void> Examination::use(const Port& port) {
  const auto& anonymous = port.inside ? *port.inside : *port.plain;
  begins();
  auto stream = co_await Stream::connect(port.address, within(patience));
  if (!stream) {
    bad("port", {stream.error().code, "a second connection fails: " + stream.error().cause,
                 "look whether the robot has reached a limit of connections"});
    co_return;
  }
  if (port.inside) {
    tellCertificate(port);
    auto securing = (*stream)->secure(question_.tls, port.host, within(patience));
    const auto secured = co_await std::move(securing);
    if (!secured) {
      bad("certificate", secured.error());
      tellGeneration(anonymous, nullptr);
      co_return;
    }
    good("certificate", question_.tls.verifies() ? "verified" : "taken unverified, as was asked for");
  } else if (!question_.credentials.empty()) {
    // Whoever answers without TLS may be anybody; the user has to mean it.
    isWithheld_ = !question_.target.scheme;
    if (isWithheld_) question_.credentials.clear();
    fact(Fact::Kind::remark, "token",
         isWithheld_ ? "it is not shown without TLS"
                     : "it travels unencrypted: whoever listens on that network can use it");
  }
  begins();
  Exchange peer(**stream);
  auto loggingIn = logIn(peer, question_.credentials, question_.more, within(patience));
  const auto login = co_await std::move(loggingIn);
  if (!login) {
    bad("authentication",
        {login.error().code, std::string("authentication: ") + stillSilent + " (" + login.error().cause + ")",
         "look whether its program hangs"});
    tellGeneration(anonymous, nullptr);
    co_return;
  }
  if (!tellLogin(port, anonymous, *login)) {
    tellGeneration(anonymous, nullptr);
    co_return;
  }
  co_await askBus(port, *login, peer);
}

void Examination::tellCertificate(const Port& port) {
  if (!port.certificate) return;
  const auto& shown = *port.certificate;
  good("certificate", "for " + (shown.names.empty() ? std::string("no host") : shown.names) + ", " + shown.begin +
                          " to " + shown.end + (shown.isSelfSigned ? ", signed by itself" : ""));
  good("certificate", "key SHA256:" + shown.fingerprint);
}

// True if it lets us in.
bool Examination::tellLogin(const Port& port, const Login& anonymous, const Login& login) {
  const bool hasToken = !question_.credentials.empty();
  const auto user = question_.credentials.find("auth_user");
  const auto* name = user == question_.credentials.end() ? nullptr : user->second.inner().as<std::string>();
  const auto words = [](const Login& from) { return from.words.empty() ? "" : "; it says: " + from.words; };
  if (!login.refused) {
    if (login.isWithout)
      good("authentication", "it knows none");
    else if (!anonymous.refused)
      good("authentication", hasToken ? "it lets in everybody; the token was not needed" : "it lets in everybody");
    else
      good("authentication", std::string("let in by the token") + (name ? " of " + *name : "") +
                                 (login.rounds > 0 ? ", which it renewed" : ""));
    return true;
  }
  const std::string url = std::string(port.inside ? "tcps" : "tcp") + "://" + question_.target.host + ":" +
                          std::to_string(port.address.port());
  if (isWithheld_)
    bad("authentication", {Code::notAuthenticated,
                           "authentication: it asks for a token, and yours is not shown without TLS" + words(login),
                           "to show it all the same, where nobody else listens on that network, give " + url});
  else if (!hasToken)
    bad("authentication",
        {Code::notAuthenticated, "authentication: it asks for a token, and none was given" + words(login),
         "write the token into a file of mode 0600 and give --token-file FILE (and --user NAME; for a Pepper of NAOqi "
         "2.9 user nao and the password); for beckond, user and token_file in [bus] beside attach = \"" +
             url + "\""});
  else if (login.words.empty())
    bad("authentication",
        {Code::notAuthenticated,
         "authentication: it wants more than user and token, after " + std::to_string(login.rounds + 1) + " rounds",
         "look in the robot's log for what it asks"});
  else
    bad("authentication",
        {Code::notAuthenticated,
         "authentication: it refuses the token" + (name ? " of " + *name : std::string()) + words(login),
         name ? "check the token and whether it has ended, and the user's name"
              : "check the token and whether it has ended; give --user NAME if the robot knows users"});
  return false;
}

asio::awaitable<void> Examination::askBus(const Port& port, const Login& login, Exchange& peer) {
  begins();
  const auto bus = co_await readBus(peer, within(patience));
  if (!bus) {
    const auto& [code, cause, next] = bus.error();
    const bool isSilent = code == Code::timedOut;
    bad("directory", {code, "directory: " + (isSilent ? "it lets us in, but its directory does not answer" : cause),
                      isSilent ? "look whether its program hangs" : next});
    tellGeneration(login, nullptr);
    co_return;
  }
  good("directory", std::to_string(bus->services.size()) + " services");
  tellGeneration(login, &*bus);
  begins();
  auto trying = unreached(bus->services, question_.machineId, port.address, peer, within(patience + milliseconds(500)));
  const auto lost = co_await std::move(trying);
  if (lost.empty()) {
    good("endpoints", "every service can be reached from here");
    co_return;
  }
  for (const auto& [service, why] : lost) fact(Fact::Kind::bad, "endpoints", service + " cannot be reached: " + why);
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(lost.size(), 5); ++i) names += (i ? ", " : "") + lost[i].service;
  problem({Code::unreachable,
           "endpoints: " + std::to_string(lost.size()) + " of " + std::to_string(bus->services.size()) +
               " services are listed where they cannot be reached from here: " + names +
               (lost.size() > 5 ? " ..." : ""),
           "let their programs listen on an address of the robot's network (libqi: session.listen), or run beckond on "
           "the robot itself"});
}

void Examination::tellGeneration(const Login& login, const BusFacts* bus) {
  const auto generation = generationOf(login, bus);
  report_.generation = generation.name;
  good("generation", generation.name + ": " + generation.from);
}

}  // namespace

Result<Target> readTarget(const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return Error{Code::invalidArgument, "\"" + text + "\" is not a host: " + why,
                 "write it as HOST, HOST:PORT or tcps://HOST:PORT"};
  };
  if (text.find("://") != std::string::npos) {
    const auto endpoint = Endpoint::parse(text);
    if (!endpoint) return endpoint.error();
    if (endpoint->isUnix()) return wrong("a socket of this computer answers or not; use beckon --bus");
    return Target{text, endpoint->host, endpoint->port, endpoint->scheme};
  }
  Target target{text, text, {}, {}};
  const auto colon = text.rfind(':');
  const bool isBare = colon != std::string::npos && text.find(':') != colon && !text.starts_with('[');  // IPv6
  if (colon != std::string::npos && !isBare && !text.ends_with(']')) {
    target.host = text.substr(0, colon);
    std::uint16_t port = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data() + colon + 1, last, port);
    if (problem != std::errc() || end != last || port == 0) return wrong("the port is none");
    target.port = port;
  }
  if (target.host.starts_with('[') && target.host.ends_with(']'))
    target.host = target.host.substr(1, target.host.size() - 2);
  const auto isNone = [](unsigned char byte) { return byte <= ' ' || byte == '/' || byte == 0x7f; };
  if (target.host.empty() || std::ranges::any_of(target.host, isNone)) return wrong("its name is none");
  return target;
}

asio::awaitable<Report> examine(Question question, std::function<void(const Fact&)> told) {
  Examination examination(std::move(question), std::move(told));
  co_return co_await examination.run();
}

}  // namespace beckon::doctor
