#include "tests/interop/replays.hpp"

#include <gtest/gtest.h>

// Recorded libqi directories and services, byte by byte, with programs of ours.
namespace beckon::test {
namespace {

TEST(RecordedServer, isConnectedTo) { replayServers("01_connect.json"); }
TEST(RecordedServer, takesAToken) { replayServers("02_connect_token.json"); }
TEST(RecordedServer, givesANewToken) { replayServers("03_connect_newtoken.json"); }
TEST(RecordedServer, refusesABadToken) { replayServers("04_connect_badtoken.json"); }
TEST(RecordedServer, refusesWithoutCredentials) { replayServers("05_connect_missing_auth.json"); }
TEST(RecordedServer, registersAndUnregisters) { replayServers("06_register_unregister.json"); }
TEST(RecordedServer, listsServices) { replayServers("07_services.json"); }
TEST(RecordedServer, knowsNoSuchService) { replayServers("08_unknown_service.json"); }
TEST(RecordedServer, answersCallsOfEveryType) { replayServers("09_calls.json"); }
TEST(RecordedServer, takesPosts) { replayServers("10_post.json"); }
TEST(RecordedServer, answersWithAFailure) { replayServers("11_error.json"); }
TEST(RecordedServer, hasAProperty) { replayServers("12_property.json"); }
TEST(RecordedServer, hasASignal) { replayServers("13_signal.json"); }
TEST(RecordedServer, givesObjectsAndTakesOne) { replayServers("14_object.json"); }
TEST(RecordedServer, letsACallBeCanceled) { replayServers("15_cancel.json"); }
TEST(RecordedServer, tellsOfAServiceThatDied) { replayServers("16_service_process_dies.json"); }
TEST(RecordedServer, countsCalls) { replayServers("17_stats.json"); }
TEST(RecordedServer, keepsMetaObjects) { replayServers("18_object_metaobjectcache.json"); }
TEST(RecordedServer, knowsNoUids) { replayServers("19_object_noptruid.json"); }
TEST(RecordedServer, hasAServiceInTheDirectorysProcess) { replayServers("20_service_in_directory_process.json"); }
TEST(RecordedServer, callsOverTheConnectionThatRegistered) { replayServers("21_client_server_socket.json"); }
TEST(RecordedServer, isOrIsBehindAGateway) { replayServers("22_gateway.json"); }
TEST(RecordedServer, knowsNoFlags) { replayServers("23_nomessageflags.json"); }

}  // namespace
}  // namespace beckon::test
