#include "tests/directory/bus.hpp"
#include "tests/interop/heard.hpp"
#include "tests/interop/recorded_server.hpp"
#include "tests/interop/replays.hpp"
#include "tests/interop/uses_of_vec.hpp"
#include "tests/interop/vec.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What the recorded programs did on libqi's API, done again on ours.
namespace beckon::test {
namespace {

using boost::asio::awaitable;
using directory::Session;
using localbus::Endpoint;
using qi::Value;
using run::Code;
using testing::ElementsAre;

using SessionPtr = std::shared_ptr<Session>;

struct Stage {
  Loop& loop;
  Endpoint directory, gateway;
  qi::CapabilityMap capabilities;
};

awaitable<SessionPtr> connect(Stage& stage, Endpoint directory) {
  Session::Options options{machineId};
  options.capabilities = stage.capabilities;
  auto session = co_await Session::connect(stage.loop.io, directory, options, run::silentLog());
  co_return session.value();
}
awaitable<SessionPtr> connect(Stage& stage) { co_return co_await connect(stage, stage.directory); }

awaitable<SessionPtr> provide(Stage& stage, std::shared_ptr<localbus::Object> vec = makeVec()) {
  auto session = co_await connect(stage);
  const auto id = co_await session->registerService("Vec", vec);
  EXPECT_EQ(id.value(), 2u);
  co_return session;
}

awaitable<RemotePtr> find(SessionPtr session) {
  auto object = co_await session->service("Vec");
  co_return object.value();
}

std::map<std::string, Value> user(const std::string& name) { return {{"auth_user", qi::dynamic(name)}}; }

awaitable<void> connects(Stage& stage) { (co_await connect(stage))->close(); }

awaitable<void> connectsWithAToken(Stage& stage) {
  Session::Options options{machineId};
  options.credentials = user("nao");
  options.credentials["auth_token"] = qi::dynamic(std::string("secret"));
  const auto session = co_await Session::connect(stage.loop.io, stage.directory, options, run::silentLog());
  session.value()->close();
}

awaitable<void> connectsWithANewToken(Stage& stage) {
  Session::Options options{machineId};
  options.credentials = user("nao");
  options.moreCredentials = [](const qi::CapabilityMap& asked) {
    auto map = user("nao");
    map["auth_token"] = asked.at("auth_newToken");
    return map;
  };
  const auto session = co_await Session::connect(stage.loop.io, stage.directory, options, run::silentLog());
  session.value()->close();
}

awaitable<void> isRefused(Stage& stage, qi::CapabilityMap credentials, std::string text) {
  Session::Options options{machineId};
  options.credentials = credentials;
  const auto session = co_await Session::connect(stage.loop.io, stage.directory, options, run::silentLog());
  EXPECT_EQ(session.error().code, Code::notAuthenticated);
  EXPECT_EQ(session.error().cause, text);
}

awaitable<void> hasABadToken(Stage& stage) {
  auto credentials = user("nao");
  credentials["auth_token"] = qi::dynamic(std::string("wrong"));
  co_await isRefused(stage, credentials, "Authentication failed: bad token [1.0]");
}

awaitable<void> hasNoCredentials(Stage& stage) {
  co_await isRefused(stage, {}, "Authentication failed: missing user [1.0]");
}

// Tells of each service that comes and goes.
void watch(Session& session, Heard& heard) {
  session.onService([&heard](bool isThere, std::uint32_t id, const std::string& name) {
    heard.add((isThere ? "+" : "-") + name + " " + std::to_string(id));
  });
}

awaitable<void> registersAndUnregisters(Stage& stage) {
  Heard heard(stage.loop.io);
  const auto watcher = co_await connect(stage);
  watch(*watcher, heard);
  const auto provider = co_await provide(stage);
  const auto ended = co_await provider->unregisterService(2);
  EXPECT_TRUE(ended);
  co_await heard.first(2);
  EXPECT_THAT(heard.all(), ElementsAre("+Vec 2", "-Vec 2"));
  provider->close();
  watcher->close();
}

awaitable<void> seesAServiceDie(Stage& stage) {
  Heard heard(stage.loop.io);
  const auto provider = co_await provide(stage);
  const auto watcher = co_await connect(stage);
  watch(*watcher, heard);
  provider->close();
  co_await heard.first(1);
  EXPECT_THAT(heard.all(), ElementsAre("-Vec 2"));
  watcher->close();
}

awaitable<void> expectListed(SessionPtr session) {
  std::vector<std::string> names;
  const auto services = co_await session->services();
  for (const auto& info : services.value()) names.push_back(info.name);
  EXPECT_THAT(names, ElementsAre("ServiceDirectory", "Vec"));
}

// A program that uses Vec, beside the one that provides it.
template <class Use>
awaitable<void> beside(Stage& stage, Use use) {
  const auto provider = co_await provide(stage);
  const auto client = co_await connect(stage);
  co_await use(client);
  co_await turn(stage.loop);
  client->close();
  provider->close();
}
awaitable<void> withVec(Stage& stage, UseOfVec use) {
  co_await beside(stage, [&](SessionPtr client) -> awaitable<void> {
    const auto object = co_await find(client);
    co_await use(stage.loop, object);
  });
}

awaitable<void> lists(Stage& stage) { co_await beside(stage, expectListed); }

awaitable<void> asksForAnUnknownService(Stage& stage) {
  co_await beside(stage, [](SessionPtr client) -> awaitable<void> {
    const auto object = co_await client->service("Nope");
    EXPECT_EQ(object.error().code, Code::unknownService);
  });
}

// On the connection that it has to the directory.
awaitable<void> usesAServiceOfTheDirectorysProcess(Stage& stage) {
  const auto client = co_await connect(stage);
  const auto object = co_await find(client);
  co_await useSignal(stage.loop, object);
  client->close();
}

awaitable<void> isCalledBack(Stage& stage) {
  Heard heard(stage.loop.io);
  const auto provider =
      co_await provide(stage, makeVec([&heard](std::int32_t sum) { heard.add(std::to_string(sum)); }));
  co_await heard.first(1);
  EXPECT_THAT(heard.all(), ElementsAre("42"));
  provider->close();
}

// The gateway's own session and the client that it serves; each does the same at its end.
awaitable<void> goesThroughAGateway(Stage& stage) {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto provider = co_await provide(stage);
  const auto gateway = co_await connect(stage);
  co_await expectListed(gateway);
  const auto behind = co_await find(gateway);
  const auto lister = co_await connect(stage, stage.gateway);
  co_await expectListed(lister);
  lister->close();
  const auto client = co_await connect(stage, stage.gateway);
  const auto before = co_await find(client);
  co_await (useSignal(stage.loop, before) && useSignal(stage.loop, behind));
  client->close();
  gateway->close();
  provider->close();
}

const std::map<std::string, UseOfVec> usesOfVec = {
    {"09_calls.json", callEveryType},
    {"10_post.json", postTwice},
    {"11_error.json", callWhatFails},
    {"12_property.json", useProperty},
    {"13_signal.json", useSignal},
    {"14_object.json", useObjects},
    {"15_cancel.json", cancelACall},
    {"17_stats.json", countCalls},
    {"18_object_metaobjectcache.json", useObjects},
    {"19_object_noptruid.json", useObjects},
    {"23_nomessageflags.json", callEveryType},
};

const std::map<std::string, awaitable<void> (*)(Stage&)> programs = {
    {"01_connect.json", connects},
    {"02_connect_token.json", connectsWithAToken},
    {"03_connect_newtoken.json", connectsWithANewToken},
    {"04_connect_badtoken.json", hasABadToken},
    {"05_connect_missing_auth.json", hasNoCredentials},
    {"06_register_unregister.json", registersAndUnregisters},
    {"07_services.json", lists},
    {"08_unknown_service.json", asksForAnUnknownService},
    {"16_service_process_dies.json", seesAServiceDie},
    {"20_service_in_directory_process.json", usesAServiceOfTheDirectorysProcess},
    {"21_client_server_socket.json", isCalledBack},
    {"22_gateway.json", goesThroughAGateway},
};

}  // namespace

Differences replayServers(const std::string& file) {
  Loop loop;
  RecordedServer server(loop, file);
  Stage stage{loop, server.at(9559), server.has(9600) ? server.at(9600) : Endpoint(), capabilitiesOf(file)};
  const auto use = usesOfVec.find(file);
  return server.play(use == usesOfVec.end() ? programs.at(file)(stage) : withVec(stage, use->second));
}

}  // namespace beckon::test
