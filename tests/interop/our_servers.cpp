#include "directory/service_directory.hpp"
#include "tests/directory/bus.hpp"
#include "tests/interop/recorded_client.hpp"
#include "tests/interop/replays.hpp"
#include "tests/interop/vec.hpp"

#include <gtest/gtest.h>

// What the recorded clients of a scenario reach: directories and a service of ours, set up as libqi's were.
namespace beckon::test {
namespace {

using directory::ServiceDirectory;
using localbus::AuthDecision;
using localbus::Endpoint;

// Ports of the recordings; a service's own is any other.
constexpr std::uint16_t directoryPort = 9559, gatewayPort = 9600;
constexpr std::uint32_t vecService = 2;

// As the recorded directories of 02 to 05.
AuthDecision secretOfNao(const qi::CapabilityMap& credentials) {
  if (!credentials.contains("user")) return {AuthDecision::State::refused, {}, "missing user"};
  const auto token = credentials.find("token");
  if (token == credentials.end())
    return {AuthDecision::State::more, {{"auth_newToken", qi::dynamic(std::string("secret"))}}, {}};
  if (qi::fromValue<std::string>(token->second).value() != "secret")
    return {AuthDecision::State::refused, {}, "bad token"};
  return {};
}

localbus::Authenticator authenticatorOf(const std::string& file) {
  const bool enforces = file >= "02" && file < "06";
  return enforces ? secretOfNao : localbus::Authenticator();
}

// A directory, a service in a process of its own, and a directory that has the service in its own process, as a
// gateway has.
struct Servers {
  explicit Servers(const std::string& file)
      : directory(loop.io, machineId, run::silentLog(), authenticatorOf(file), capabilitiesOf(file)),
        listener(loop.io, host, {}, run::silentLog(), capabilitiesOf(file)) {
    host.add(vecService, qi::mainObject, makeVec());
    EXPECT_EQ(gateway.add("Vec", makeVec()).value(), vecService);
  }
  Endpoint at(std::uint16_t port) const {
    return port == directoryPort ? directoryEndpoint : port == gatewayPort ? gatewayEndpoint : vecEndpoint;
  }

  Loop loop;
  ServiceDirectory directory;
  const Endpoint directoryEndpoint = directory.start({"127.0.0.1", 0}).value();
  ServiceDirectory gateway{loop.io, machineId, run::silentLog()};
  const Endpoint gatewayEndpoint = gateway.start({"127.0.0.1", 0}).value();
  localbus::ObjectHost host;
  localbus::Listener listener;
  const Endpoint vecEndpoint = listener.start({"127.0.0.1", 0}).value();
};

// The directory's process calls a service over the connection that registered it.
boost::asio::awaitable<void> callBack(ServiceDirectory& directory, std::int32_t& sum) {
  const auto object = co_await directory.service("Vec");
  const auto answer = co_await object.value()->method<std::int32_t(std::int32_t, std::int32_t)>("add").value()(20, 22);
  sum = answer.value();
}

}  // namespace

qi::CapabilityMap capabilitiesOf(const std::string& file) {
  auto map = qi::ownCapabilities();
  if (file.starts_with("18")) map[qi::capability::metaObjectCache] = qi::dynamic(true);
  if (file.starts_with("19")) map.erase(qi::capability::objectPtrUid);
  if (file.starts_with("23")) map.erase(qi::capability::messageFlags);
  return map;
}

Differences replayClients(const std::string& file) {
  Servers servers(file);
  std::map<int, Endpoint> play;
  for (const auto& [connection, port] : qi::test::recording(file).ports) play[connection] = servers.at(port);
  RecordedClient client(servers.loop, file, play);
  if (file == "20_service_in_directory_process.json") {
    EXPECT_EQ(servers.directory.add("Vec", makeVec()).value(), vecService);
  }
  std::int32_t sum = 42;
  if (file == "21_client_server_socket.json")
    client.before(16, [&] {
      sum = 0;
      boost::asio::co_spawn(servers.loop.io, callBack(servers.directory, sum), [](std::exception_ptr problem) {
        if (problem) std::rethrow_exception(problem);
      });
    });
  const auto seen = client.play();
  EXPECT_EQ(sum, 42);
  return seen;
}

}  // namespace beckon::test
