#pragma once

namespace beckon::xmpp {

// For the socket of a stream, before it is connected: sends at once, notices within about 30 s, and within 20 s with
// data on its way, that the peer is gone without a word, and is not inherited by programs that are started.
void prepareTcp(int socket);

}  // namespace beckon::xmpp
