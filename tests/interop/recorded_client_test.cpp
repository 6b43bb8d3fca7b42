#include "tests/interop/replays.hpp"

#include <gtest/gtest.h>

// Recorded libqi clients, byte by byte, on our directory and our service.
namespace beckon::test {
namespace {

TEST(RecordedClient, connects) { replayClients("01_connect.json"); }
TEST(RecordedClient, connectsWithAToken) { replayClients("02_connect_token.json"); }
TEST(RecordedClient, connectsWithANewToken) { replayClients("03_connect_newtoken.json"); }
TEST(RecordedClient, isRefusedForABadToken) { replayClients("04_connect_badtoken.json"); }
TEST(RecordedClient, isRefusedWithoutCredentials) { replayClients("05_connect_missing_auth.json"); }
TEST(RecordedClient, registersAndUnregisters) { replayClients("06_register_unregister.json"); }
TEST(RecordedClient, listsServices) { replayClients("07_services.json"); }
TEST(RecordedClient, asksForAnUnknownService) { replayClients("08_unknown_service.json"); }
TEST(RecordedClient, callsWithEveryType) { replayClients("09_calls.json"); }
TEST(RecordedClient, posts) { replayClients("10_post.json"); }
TEST(RecordedClient, hearsOfAFailure) { replayClients("11_error.json"); }
TEST(RecordedClient, readsSetsAndWatchesAProperty) { replayClients("12_property.json"); }
TEST(RecordedClient, hearsAndEmitsASignal) { replayClients("13_signal.json"); }
TEST(RecordedClient, getsObjectsAndPassesOne) { replayClients("14_object.json"); }
TEST(RecordedClient, cancelsACall) { replayClients("15_cancel.json"); }
TEST(RecordedClient, isKilled) { replayClients("16_service_process_dies.json"); }
TEST(RecordedClient, countsCalls) { replayClients("17_stats.json"); }
TEST(RecordedClient, keepsMetaObjects) { replayClients("18_object_metaobjectcache.json"); }
TEST(RecordedClient, knowsNoUids) { replayClients("19_object_noptruid.json"); }
TEST(RecordedClient, usesAServiceOfTheDirectorysProcess) { replayClients("20_service_in_directory_process.json"); }
TEST(RecordedClient, isCalledOverTheConnectionThatRegistered) { replayClients("21_client_server_socket.json"); }
TEST(RecordedClient, isOrIsBehindAGateway) { replayClients("22_gateway.json"); }
TEST(RecordedClient, knowsNoFlags) { replayClients("23_nomessageflags.json"); }

}  // namespace
}  // namespace beckon::test
