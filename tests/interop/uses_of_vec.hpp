#pragma once

#include "localbus/remote_object.hpp"
#include "tests/localbus/loop.hpp"

// What the recorded clients did with the service Vec on libqi's API, done again on ours.
namespace beckon::test {

using RemotePtr = std::shared_ptr<localbus::RemoteObject>;
using UseOfVec = boost::asio::awaitable<void> (*)(Loop& loop, RemotePtr vec);

boost::asio::awaitable<void> callEveryType(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> postTwice(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> callWhatFails(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> useProperty(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> useSignal(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> useObjects(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> cancelACall(Loop& loop, RemotePtr vec);
boost::asio::awaitable<void> countCalls(Loop& loop, RemotePtr vec);

// Lets leave what waits to be sent.
boost::asio::awaitable<void> turn(Loop& loop);

}  // namespace beckon::test
